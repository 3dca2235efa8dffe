package ui

import "os"

var endingSignals = []os.Signal{os.Interrupt}

func openTTY() (in, out *os.File, err error) {
	in, err = os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// reraise: raw mode delivers Ctrl-C as a byte, and Windows has no other signal that ends us.
func reraise(os.Signal) {}
