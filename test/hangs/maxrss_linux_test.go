package hangs

const maxRSSShift = 10 // ru_maxrss is in KiB on Linux, getrusage(2)
