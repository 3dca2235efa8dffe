package readfile

const dontWait = 0 // opening a file in a directory never waits on Windows
