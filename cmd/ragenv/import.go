package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

type importOptions struct {
	files                            []string
	only                             []string
	fromEnv, docker                  bool
	all, remove, replace, dryRunOnly bool
	as                               dotenv.Syntax // empty: what both readers agree on
}

func newImportCommand(p *program) *cli.Command {
	var o importOptions
	var only, as string
	return &cli.Command{
		Name:      "import",
		Usage:     "store the keys found in files, in the environment or in Docker's config.json",
		ArgsUsage: "[FILE...]",
		Description: `FILE is one of these; "-" is standard input:

  a file of assignments     .env, export lines for a shell, the output of ragenv export (shell, dotenv, json)
  ~/.ngc/config             of the NGC CLI
  .netrc, .credentials      of curl and of enroot
  repositories.yaml         of Helm
  config.json, auth.json    of Docker, Podman, regctl, Apptainer and Kubernetes

Nothing in it is run or expanded: a value with ${...} or $(...) is skipped. Only variables that ragenv knows as keys are imported;
--only names others, --all imports every one of a file. It asks before it imports a name that is not a secret's; where nobody can
be asked, that is skipped unless --force is given.

A shell and Docker Compose read some lines differently: "export X=two words" is "two" for the one and "two words" for the other.
Such a line is shown with both readings, and nothing is stored until --as says which one is meant.

Existing values are kept unless --force is given; the rest is stored, and the exit code is 1. It is 1, too, if no key is found, or
if a line that seems to have one cannot be read. --dry-run exits as the import would. With --remove a comment replaces the line of
each key after that was read back from the keychain, and nothing else in the file changes.

  # Move the keys of a file into the keychain
  ragenv import .env --remove
  ragenv import ~/.ngc/config --remove

  # Show what would be imported from this shell and from Docker's config.json
  ragenv import --from-env --docker --dry-run

  # Copy the keys of another machine
  ssh HOST ragenv export --format json | ragenv import -`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-env", Destination: &o.fromEnv, Usage: "look in the environment"},
			&cli.BoolFlag{Name: "docker", Destination: &o.docker, Usage: "look for logins in plain text in Docker's config.json: that of nvcr.io, with --all every one"},
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "take only the variables `A,B`"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &o.all, Usage: "take also what ragenv does not know as a key"},
			&cli.StringFlag{Name: "as", Destination: &as, Usage: "read the files as `shell|compose` does"},
			&cli.BoolFlag{Name: "remove", Destination: &o.remove, Usage: "take out of the file what is stored then"},
			&cli.BoolFlag{Name: "force", Destination: &o.replace, Usage: "store unusual values too, and replace other values, also those that cannot be regenerated"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.dryRunOnly, Usage: "show what would be stored, and change nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if o.only, err = parseOnly(c, only); err != nil {
				return err
			}
			o.files, o.as = c.Args().Slice(), dotenv.Syntax(as)
			switch {
			case c.IsSet("as") && o.as != dotenv.Shell && o.as != dotenv.Compose:
				return ui.Usagef(commandline.HelpHint(c), "--as takes shell or compose")
			case len(o.files) == 0 && !o.fromEnv && !o.docker:
				return ui.Usagef("ragenv import .env, or --from-env, or --docker", "import from where?")
			case o.all && o.only != nil:
				return ui.Usagef(commandline.HelpHint(c), "--all and --only exclude each other")
			case o.all && o.fromEnv:
				return ui.Usagef("ragenv import --from-env --only A,B", "--all does not go with --from-env: most of an environment is no key")
			case o.remove && o.fromEnv:
				return ui.Usagef("unset the variables in the shell, and where it sets them", "--remove cannot take anything out of the environment of the shell")
			}
			return runImport(s, o)
		},
	}
}

// stays is what is said of a key that --remove cannot take out.
func (o importOptions) stays() string {
	if o.dryRunOnly {
		return "would be stored, but would stay there too"
	}
	return "is stored, but stays there too"
}

// importable is a key that was found, and the item it becomes.
type importable struct {
	item    keychain.Item
	name    string // as the source has it
	from    string // the source, for people
	follows string // the name whose key it is too; such a one is not stored a second time
}

// withoutUnusual returns what is left of what --all found after the user was asked about names that are not a secret's.
func (s *session) withoutUnusual(found []importable) ([]importable, error) {
	items := make([]keychain.Item, len(found))
	for i, f := range found {
		items[i] = f.item
	}
	names := s.unusual(items)
	if len(names) == 0 {
		return found, nil
	}
	yes, err := s.confirmUnusual(names, found[0].from, "ragenv import --only "+strings.Join(names, ",")+" FILE, or --force with --all")
	if err != nil || yes {
		return found, err
	}
	return slices.DeleteFunc(found, func(f importable) bool {
		return f.item.Kind == keychain.KindEnv && slices.Contains(names, f.item.Name)
	}), nil
}

func runImport(s *session, o importOptions) error {
	files, err := s.readImportFiles(o)
	if err != nil {
		return err
	}
	var found []importable
	for _, file := range files {
		if err := s.checkReadings(file, o); err != nil {
			return err
		}
		found = append(found, s.selectKeys(file, o)...)
		for _, login := range file.logins {
			found = append(found, importable{item: login.item, name: login.auth.Server, from: file.title})
		}
	}
	if o.fromEnv {
		found = append(found, s.selectKeys(s.environmentSource(o.only), o)...)
	}
	var logins []plaintextLogin
	if o.docker {
		if logins, err = s.plaintextLogins(o); err != nil {
			return err
		}
		for _, login := range logins {
			found = append(found, importable{item: login.item, name: login.auth.Server, from: "Docker's config.json"})
		}
	}
	if absent := notFound(o.only, found); absent != "" {
		return ui.Errorf("ragenv import --help", "%s: not found there as a plain value", absent)
	}
	if o.all && !o.replace {
		if found, err = s.withoutUnusual(found); err != nil {
			return err
		}
	}
	var unread error
	for _, file := range files {
		unread = s.afterwards(unread, file.unread)
	}
	if len(found) == 0 {
		if unread != nil {
			return unread
		}
		return ui.Errorf("ragenv import --help", "no key was found that could be imported")
	}
	if err := s.showFound(found); err != nil {
		return err
	}
	kept, failed := s.storeFound(found, o)
	failed = s.afterwards(failed, unread)
	if kept == nil || !o.remove {
		return failed
	}
	for _, file := range files {
		failed = s.afterwards(failed, s.removeFromFile(file, kept, o))
	}
	return s.afterwards(failed, s.removeLogins(logins, kept, o))
}

// afterwards joins the failures of work that goes on after one: it prints the earlier one, and returns the later.
func (s *session) afterwards(earlier, later error) error {
	if earlier != nil && later != nil {
		s.print.Fail(earlier)
	}
	if later == nil {
		return earlier
	}
	return later
}

func notFound(only []string, found []importable) string {
	for _, name := range only {
		there := false
		for _, f := range found {
			there = there || f.name == name
		}
		if !there {
			return name
		}
	}
	return ""
}

// showFound prints what was found, with masked values.
func (s *session) showFound(found []importable) error {
	w := tabwriter.NewWriter(ui.Shown(s.stdout), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FOUND\tVALUE\tIN")
	for _, f := range found {
		from := f.from
		if f.follows != "" {
			from += " (follows " + f.follows + ")"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", ui.Printable(f.name), validate.Mask(f.item.Secret.Reveal()), ui.Printable(from))
	}
	return w.Flush()
}

// storeFound stores what can be stored and returns what the keychain surely has; nil if it could not be opened. Failures but
// the last are printed.
func (s *session) storeFound(found []importable, o importOptions) (kept map[keychain.Ref]keychain.Secret, failed error) {
	k, err := s.openForImport(o)
	if err != nil {
		return nil, err
	}
	kept = map[keychain.Ref]keychain.Secret{}
	for _, f := range found {
		if f.follows != "" {
			continue
		}
		if err := s.storeOne(k, f, kept, o); err != nil {
			failed = s.afterwards(failed, err)
			if errors.Is(err, keychain.ErrLocked) || errors.Is(err, ui.ErrInterrupted) || errors.Is(err, keychain.ErrWrongPassphrase) {
				return kept, failed // the same for all that follow
			}
			continue
		}
		kept[f.item.Ref] = f.item.Secret
	}
	return kept, failed
}

// openForImport opens the keychain; for a dry run, nil if there is none yet and one could be created.
func (s *session) openForImport(o importOptions) (*keychain.Keychain, error) {
	if !o.dryRunOnly {
		return s.opener().Write()
	}
	k, err := s.quietOpener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, s.opener().CanCreate()
	}
	return k, err
}

// storeOne stores a key, or only says so. kept is what is stored of those before it.
func (s *session) storeOne(k *keychain.Keychain, f importable, kept map[keychain.Ref]keychain.Secret, o importOptions) error {
	if f.item.Kind == keychain.KindEnv {
		if err := s.checkValueOr(f.item.Name, f.item.Secret.Reveal(), o.replace, "run it again with --force"); err != nil {
			return err
		}
	}
	var stored storedItem
	var err error
	if o.dryRunOnly {
		stored.did, err = s.foresee(k, f.item, kept, o.replace)
	} else {
		stored, err = s.storeAndRead(k, f.item, o.replace)
	}
	switch {
	case err != nil:
		return err
	case o.dryRunOnly && stored.did == storedNow:
		s.print.Note("%s%s would be stored", f.item.Name, s.inProfile())
	case stored.did == storedOther && o.remove && s.isFormer(k, f.item):
		s.print.Note("%s holds a former value of %s%s, which is not stored again", ui.Printable(f.from), f.item.Name, s.inProfile())
	case stored.did == storedOther && s.isFormer(k, f.item):
		return ui.Errorf("run it again with --remove to take it out of there", "%s holds a former value of %s%s", ui.Printable(f.from), f.item.Name, s.inProfile())
	case stored.did == storedOther:
		return ui.Errorf("to replace it: run it again with --force; to compare: ragenv get"+s.forProfile()+" "+f.item.Name,
			"%s%s is stored already, with another value than that in %s", f.item.Name, s.inProfile(), ui.Printable(f.from))
	case stored.did == storedSame:
		s.print.Note("%s%s already has that value", f.item.Name, s.inProfile())
	default:
		s.print.Note("stored %s%s in the %s backend", f.item.Name, s.inProfile(), k.Backend())
		if stored.kept {
			s.saysKept(f.item.Name)
		}
	}
	return nil
}

// foresee returns what storeAndRead would do after what is in kept, and stores nothing. k is nil if there is no keychain yet.
func (s *session) foresee(k *keychain.Keychain, item keychain.Item, kept map[keychain.Ref]keychain.Secret, replace bool) (storing, error) {
	if err := opener.Accept(item); err != nil {
		return storedOther, fmt.Errorf("%s: %w", item.Name, err)
	}
	var stored keychain.Item
	err := error(keychain.ErrNotFound)
	if secret, ok := kept[item.Ref]; ok {
		stored, err = keychain.Item{Username: item.Username, Secret: secret}, nil
	} else if k != nil {
		err = s.unlocked(k, func() (err error) {
			stored, err = k.Get(item.Ref)
			return err
		})
	}
	switch {
	case errors.Is(err, keychain.ErrNotFound), errors.Is(err, keychain.ErrDamaged) && replace:
		return storedNow, nil
	case err != nil:
		return storedOther, err
	case stored.Secret == item.Secret && stored.Username == item.Username:
		return storedSame, nil
	case replace:
		return storedNow, nil
	}
	return storedOther, nil
}

// isFormer reports whether an item has a value that was replaced. That of a key that cannot be made again may still be needed.
func (s *session) isFormer(k *keychain.Keychain, item keychain.Item) bool {
	if known, _ := secrets.Lookup(item.Name); k == nil || item.Kind != keychain.KindEnv || known.Irreplaceable {
		return false
	}
	var known []keychain.Fingerprint
	err := s.unlocked(k, func() (err error) {
		known, err = k.Fingerprints(item.Profile)
		return err
	})
	return err == nil && slices.ContainsFunc(known, func(f keychain.Fingerprint) bool { return f.Ref == item.Ref && f.Matches(item.Secret.Reveal()) })
}
