// Package registry serves the registries of the end-to-end world: one that asks for credentials as nvcr.io
// does, an ordinary one with a user and a password, and a public Docker Hub. Images are built from one
// static program and kept in memory. The package needs no network and no Docker engine.
package registry
