package maskedrun

import "github.com/ragenv/ragenv/internal/mask"

// Run returns ErrUnsupported: a pseudo console redraws the screen, and a value could come apart in it.
func Run(_, _ []string, _ *mask.Masker, _ Streams) (int, error) { return 0, ErrUnsupported }
