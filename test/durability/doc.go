// Package durability tests that nothing is lost if processes of both programs are killed at any moment, if
// their system calls fail, if the disk is full, or if many of them run at once. It contains only tests;
// docs/testing.md says how to run them for longer.
package durability
