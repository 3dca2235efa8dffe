// Package registry serves the registries of the end-to-end world: one that asks for credentials as nvcr.io does, an ordinary
// one with a user and a password, and a Docker Hub that is open to everyone. Images are kept in memory and made from one
// static program. It needs neither the network nor a Docker engine.
package registry
