//go:build !linux

package main

import _ "github.com/ragenv/ragenv/pkg/keychain/system" // on Linux the helper runs ragenv for these backends
