// Package durability tests that nothing is lost: processes of both programs are killed at any moment, their system calls
// fail, the disk is full, and many of them run at once. There is nothing in it but tests; docs/testing.md says how to run
// them for longer.
package durability
