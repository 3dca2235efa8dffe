// Package oracle compares our parsers with those of real shells, Docker Compose, docker run --env-file,
// Podman and age. It is a separate module, so that the programs' module need not require theirs. Run it
// with: go -C test/oracle test .
package oracle
