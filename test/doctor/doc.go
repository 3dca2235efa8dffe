// Package doctor runs the built ragenv doctor in homes that each have one fault.
package doctor
