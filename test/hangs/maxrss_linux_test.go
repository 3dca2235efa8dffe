package hangs

const maxRSSShift = 10 // ru_maxrss is in kilobytes, getrusage(2)
