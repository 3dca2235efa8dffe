// Package oracle compares our parsers with those of Docker Compose and docker run --env-file. It is a
// separate module, so that the programs' module need not require theirs. Run it with: go -C test/oracle
// test .
package oracle
