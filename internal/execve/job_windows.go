package execve

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// job is a job object that ends its processes when its last handle is closed, however this process ends
// (JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE). It is zero if none can be created, for example within a job that
// does not allow nesting.
type job windows.Handle

func newJob() job {
	handle, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0
	}
	j := job(handle)
	if !j.limit(windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE) {
		_ = windows.CloseHandle(handle)
		return 0
	}
	return j
}

func (j job) limit(flags uint32) bool {
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = flags
	_, err := windows.SetInformationJobObject(windows.Handle(j), windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return err == nil
}

// add adds a process and its future children to the job.
func (j job) add(pid int) {
	if j == 0 {
		return
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return
	}
	defer func() { _ = windows.CloseHandle(process) }()
	_ = windows.AssignProcessToJobObject(windows.Handle(j), process)
}

// release closes the job and lets its remaining processes run.
func (j job) release() {
	if j == 0 {
		return
	}
	j.limit(0)
	_ = windows.CloseHandle(windows.Handle(j))
}
