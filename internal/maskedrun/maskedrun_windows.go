package maskedrun

import "github.com/ragenv/ragenv/internal/mask"

// Run returns ErrUnsupported: a pseudo console redraws the screen, which could split a value.
func Run(_, _ []string, _ *mask.Masker, _ Streams) (int, error) { return 0, ErrUnsupported }
