package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/session"
)

// commands returns every command, by group and in the order of the help. Each command is a file with its
// constructor, flags and run function, and is registered only here.
func commands(p *program) []*cli.Command {
	var all []*cli.Command
	for _, group := range []struct {
		heading  string
		commands []*cli.Command
	}{
		{"Run", []*cli.Command{
			newSetupCommand(p),
			newRunCommand(p),
		}},
		{"Keys", []*cli.Command{
			newSetCommand(p),
			newGetCommand(p),
			newListCommand(p),
			newRmCommand(p),
			newRotateCommand(p),
			newWhereCommand(p),
			newSourceCommand(p),
			newImportCommand(p),
			newExportCommand(p),
			newProfileCommand(p),
		}},
		{"Docker and Kubernetes", []*cli.Command{
			newDockerCommand(p),
			newHelmCommand(p),
		}},
		{"Keychain", []*cli.Command{
			newUnlockCommand(p),
			newLockCommand(p),
			newPassphraseCommand(p),
			newBackupCommand(p),
			newRestoreCommand(p),
			newResetCommand(p),
			newBackendCommand(p),
		}},
		{"Diagnose", []*cli.Command{
			newDoctorCommand(p),
			newVerifyCommand(p),
			newConfigCommand(p),
		}},
		{"Other", []*cli.Command{
			newCompletionCommand(p),
			newHelpCommand(p),
			newCompleteCommand(p),
		}},
	} {
		for _, command := range group.commands {
			command.Category = group.heading
			all = append(all, command)
		}
	}
	return all
}

// withoutFlags lists the global flags that do not apply to a command, because it uses no keys of a profile
// or prints no notes.
var withoutFlags = map[string][]string{
	"backend":          {session.FlagProfile},
	"backend use":      {session.FlagProfile},
	"backend migrate":  {session.FlagProfile},
	"completion":       {session.FlagProfile, flagQuiet},
	"doctor":           {flagQuiet},
	"docker":           {session.FlagProfile, flagQuiet},
	"docker status":    {flagQuiet},
	"helm":             {session.FlagProfile, flagQuiet},
	"helm configure":   {session.FlagProfile},
	"helm unconfigure": {session.FlagProfile},
	"help":             {session.FlagProfile, flagQuiet},
	"lock":             {session.FlagProfile},
	"passphrase":       {session.FlagProfile},
	"profile":          {session.FlagProfile, flagQuiet},
	"profile list":     {session.FlagProfile, flagQuiet},
	"profile use":      {session.FlagProfile},
	"profile copy":     {session.FlagProfile},
	"profile rm":       {session.FlagProfile},
	"reset":            {session.FlagProfile},
	"restore":          {session.FlagProfile},
	"source":           {session.FlagProfile, flagQuiet},
	"unlock":           {session.FlagProfile},
	"__complete":       {session.FlagProfile, flagQuiet},
}

// meant maps words that users may try, from other tools or from Docker, to the words to type. "" stands for
// the command line that follows the word.
var meant = []commandline.Meant{
	{Words: "login", Type: "ragenv setup"},
	{Words: "init", Type: "ragenv setup"},
	{Words: "configure", Type: "ragenv setup"},
	{Words: "ls", Type: "ragenv list"},
	{Words: "delete", Type: "ragenv rm NAME"},
	{Words: "remove", Type: "ragenv rm NAME"},
	{Words: "add", Type: "ragenv set NAME"},
	{Words: "show", Type: "ragenv get NAME"},
	{Words: "version", Type: "ragenv --version"},
	{Words: "status", Type: "ragenv doctor"},
	{Words: "check", Type: "ragenv doctor"},
	{Words: "exec", Run: true},
	{Words: "profile ls", Type: "ragenv profile list"},
	{Words: "profile show", Type: "ragenv profile list"},
	{Words: "profile switch", Type: "ragenv profile use NAME"},
	{Words: "profile set", Type: "ragenv profile use NAME"},
	{Words: "profile delete", Type: "ragenv profile rm NAME"},
	{Words: "profile remove", Type: "ragenv profile rm NAME"},
	{Words: "profile add", Type: "ragenv set NGC_API_KEY --profile NAME"},
	{Words: "profile create", Type: "ragenv set NGC_API_KEY --profile NAME"},
	{Words: "profile new", Type: "ragenv set NGC_API_KEY --profile NAME"},
	{Words: "source ls", Type: "ragenv source list"},
	{Words: "source add", Type: "ragenv source set NAME"},
	{Words: "source delete", Type: "ragenv source rm NAME"},
	{Words: "source remove", Type: "ragenv source rm NAME"},
	{Words: "backend list", Type: "ragenv backend"},
	{Words: "backend ls", Type: "ragenv backend"},
	{Words: "backend set", Type: "ragenv backend use NAME"},
	{Words: "backend switch", Type: "ragenv backend use NAME"},
	{Words: "docker login", Type: "ragenv docker configure"},
	{Words: "docker logout", Type: "ragenv docker unconfigure"},
}
