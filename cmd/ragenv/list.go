package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/listing"
)

func newListCommand(p *program) *cli.Command {
	var o listing.Options
	return &cli.Command{
		Name:  "list",
		Usage: "list stored keys and logins, never their values",
		Description: `Never asks for a passphrase. If the keychain is locked, it shows only the names and when they were last written.

--json prints an array of objects, sorted by name, with the members name, profile, kind ("env" or "registry"), server
and username (of a registry), updated and expires (RFC 3339, UTC), backend, and source ("command" if a command gives the
key: see ragenv source). Members that do not apply or are not known are omitted. More members may be added; none will
change.

--fingerprint-key adds the member fingerprint, 16 hexadecimal digits. Two machines that use the same random key, of 16
or more bytes, get the same fingerprint if they have the same value under the same name. Without the random key,
fingerprints reveal nothing; use a new one for each comparison.

  head -c 32 /dev/urandom | base64 > compare.key
  ragenv list --json --fingerprint-key - < compare.key
  ssh HOST ragenv list --json --fingerprint-key - < compare.key

--expiring shows only keys that expire by then or have expired. The exit code is 3 if there are any, 0 if there are
none, and 1 if a key cannot be read, as in a locked keychain.

  # Show the keys of every profile
  ragenv list --all

  # For cron and monitoring: fail if a key expires within two weeks
  ragenv list --expiring 14d`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &o.JSON, Usage: "print JSON"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &o.All, Usage: "list every profile"},
			&cli.StringFlag{Name: "fingerprint-key", Destination: &o.FingerprintKey, Usage: "with --json, add fingerprints made with the random key in `FILE` (- for standard input)"},
			&cli.StringFlag{Name: "expiring", Destination: &o.Expiring, Usage: "list only keys that expire by `WHEN` (2027-01-31, 14d, 12w); exit with 3 if there are any"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return listing.Run(s, o)
		},
	}
}
