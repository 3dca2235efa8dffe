package main

import "github.com/urfave/cli/v2"

// commands returns every command, in the order of the help. A command is a file with its constructor, flags and run
// function; this list is all that knows of it.
func commands(p *program) []*cli.Command {
	return []*cli.Command{
		newRunCommand(p),
		newSetupCommand(p),
		newSetCommand(p),
		newGetCommand(p),
		newListCommand(p),
		newRmCommand(p),
		newRotateCommand(p),
		newImportCommand(p),
		newExportCommand(p),
		newBackupCommand(p),
		newRestoreCommand(p),
		newVerifyCommand(p),
		newProfileCommand(p),
		newUnlockCommand(p),
		newLockCommand(p),
		newPassphraseCommand(p),
		newDockerCommand(p),
		newHelmCommand(p),
		newBackendCommand(p),
		newConfigCommand(p),
		newDoctorCommand(p),
		newCompletionCommand(p),
		newHelpCommand(p),
		newCompleteCommand(p),
	}
}
