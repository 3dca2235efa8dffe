package readfile

const dontWait = 0 // nothing in a directory makes opening it wait
