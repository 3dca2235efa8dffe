// Package doctor runs the built ragenv doctor in homes that are broken in one way each.
package doctor
