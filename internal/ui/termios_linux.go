package ui

import "golang.org/x/sys/unix"

const ioctlGet, ioctlSetFlush = unix.TCGETS, unix.TCSETSF
