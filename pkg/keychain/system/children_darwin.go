package system

import "golang.org/x/sys/unix"

// children returns the IDs of the running children of a process.
func children(pid int) []int {
	processes, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	var pids []int
	for _, process := range processes {
		if int(process.Eproc.Ppid) == pid {
			pids = append(pids, int(process.Proc.P_pid))
		}
	}
	return pids
}
