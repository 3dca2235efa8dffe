package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// loopbackUp does what "ip link set lo up" and "ip address add IP dev lo" do. It works without iproute2.
func loopbackUp(ip string) error {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("configure the loopback interface: %w", err)
	}
	defer unix.Close(socket)
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	up.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, up); err != nil {
		return fmt.Errorf("bring up the loopback interface: %w", err)
	}
	alias, err := unix.NewIfreq("lo:0")
	if err != nil {
		return err
	}
	if err := alias.SetInet4Addr(address.AsSlice()); err != nil {
		return fmt.Errorf("%s: %w", ip, err)
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFADDR, alias); err != nil {
		return fmt.Errorf("give %s to the loopback interface: %w", ip, err)
	}
	return nil
}
