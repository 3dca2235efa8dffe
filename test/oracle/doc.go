// Package oracle holds tests that compare ours with the readers of Docker Compose and of docker run --env-file. It is a
// module of its own, so that the programs' module does not have to name theirs: go -C test/oracle test .
package oracle
