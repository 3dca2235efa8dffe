package containers

import (
	"archive/tar"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// Limits on what is read from the engine.
const (
	maxContainers  = 5000
	maxInspect     = 4 << 20  // bytes of a container's description
	maxList        = 64 << 20 // bytes of the list
	maxSecretBytes = 1 << 20  // bytes of /run/secrets
	maxSecretFiles = 200
	engineLimit    = 30 * time.Second
)

// stringOrList is a list of words that an old engine, or Podman, may return as one string.
type stringOrList []string

// UnmarshalJSON implements json.Unmarshaler.
func (s *stringOrList) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err == nil {
		*s = list
		return nil
	}
	var one string
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*s = []string{one}
	return nil
}

type engine struct {
	Options
	http *http.Client
}

func (o Options) docker(ctx context.Context, docker string) (report where.Report) {
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	e := engine{o, engineClient(docker, o.Environ)}
	defer e.http.CloseIdleConnections()
	var listed []struct {
		ID     string `json:"Id"`
		Names  []string
		Labels map[string]string
	}
	if err := e.get(ctx, "/containers/json?all=1", maxList, &listed); err != nil {
		report.Unread = append(report.Unread, where.Unread{What: "Docker's containers", Reason: errUnreachable.Error()})
		return report
	}
	if len(listed) > maxContainers {
		report.Unread = append(report.Unread, where.Unread{What: "Docker's containers", Reason: fmt.Sprintf("more than %d", maxContainers)})
		listed = listed[:maxContainers]
	}
	report.Searched = append(report.Searched, count(len(listed), "Docker container"))

	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan int)
	for range connections {
		wg.Go(func() {
			for i := range next {
				holder, unread := e.one(ctx, listed[i].ID, listed[i].Labels)
				mu.Lock()
				if holder != nil {
					report.Holders = append(report.Holders, *holder)
				}
				if unread != "" && len(listed[i].Names) > 0 {
					report.Unread = append(report.Unread, where.Unread{What: "container " + strings.TrimPrefix(listed[i].Names[0], "/"), Reason: unread})
				}
				mu.Unlock()
			}
		})
	}
	for i := range listed {
		next <- i
	}
	close(next)
	wg.Wait()
	e.swarm(ctx, &report)
	return report
}

// one examines a container. unread says what could not be read.
func (e engine) one(ctx context.Context, id string, labels map[string]string) (holder *where.Holder, unread string) {
	var c container
	if err := e.get(ctx, "/containers/"+id+"/json", maxInspect, &c); err != nil {
		if isGone(err) {
			return nil, "" // removed in the meantime
		}
		return nil, err.Error()
	}
	var secrets map[string]string
	if labels[labelService] != "" {
		var err error
		if secrets, err = e.secretFiles(ctx, id); err != nil && !isGone(err) {
			unread = secretsDir + " could not be read"
		}
	}
	if h, ok := e.examine(c, secrets); ok {
		h.Engine = "docker"
		return &h, unread
	}
	return nil, unread
}

// secretFiles copies /run/secrets out of a container, as "docker cp" does. Compose writes secrets from its
// environment there. This also works for a stopped container.
func (e engine) secretFiles(ctx context.Context, id string) (map[string]string, error) {
	body, err := e.open(ctx, "/containers/"+id+"/archive?path="+url.QueryEscape(secretsDir))
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	files := map[string]string{}
	archive := tar.NewReader(io.LimitReader(body, maxSecretBytes))
	for len(files) < maxSecretFiles {
		header, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return files, err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			return files, err
		}
		_, name, _ := strings.Cut(header.Name, "/")
		files[name] = string(content)
	}
	return files, fmt.Errorf("more than %d files", maxSecretFiles)
}

// taskFix is how to give a service's running task the stored key, if the service's own fix is not known.
func taskFix(service string) string {
	return "after its environment or secret is changed: docker service update --force " + shellquote.Word(service)
}

// replaceFix gives the holders with one fix another one.
func replaceFix(holders []where.Holder, from, to string) {
	for i := range holders {
		if holders[i].Fix == from {
			holders[i].Fix = to
		}
	}
}

// serviceSpec is a swarm's description of a service.
type serviceSpec struct {
	Name         string
	Labels       map[string]string
	TaskTemplate struct {
		ContainerSpec struct{ Env, Command, Args []string }
	}
}

// swarm examines the services of a swarm that this engine manages, and lists the swarm's secrets, whose
// values cannot be read.
func (e engine) swarm(ctx context.Context, report *where.Report) {
	var services []struct{ Spec, PreviousSpec serviceSpec }
	if e.get(ctx, "/services", maxList, &services) != nil {
		return // no swarm, or not its manager
	}
	report.Searched = append(report.Searched, count(len(services), "swarm service"))
	for _, service := range services {
		h, present := e.service(service.Spec)
		former, past := e.service(service.PreviousSpec)
		past = past && former.State == where.Old
		if present {
			if h.State == where.Old {
				h.Fix = serviceFix(h)
				replaceFix(report.Holders, taskFix(h.Name), h.Fix)
			}
			report.Holders = append(report.Holders, h)
		}
		if past && h.State != where.Old {
			former.Name = service.Spec.Name
			for i, part := range former.Where {
				former.Where[i] = part + " of the previous specification"
			}
			former.Fix = "docker service update --force " + shellquote.Word(former.Name)
			report.Holders = append(report.Holders, former)
		}
	}
	var secrets []struct{ Spec struct{ Name string } }
	if e.get(ctx, "/secrets", maxList, &secrets) != nil {
		return
	}
	for _, s := range secrets {
		report.Unread = append(report.Unread, where.Unread{What: "swarm secret " + s.Spec.Name, Reason: "a swarm does not show its secrets"})
	}
}

// service examines the specification of a service.
func (e engine) service(spec serviceSpec) (where.Holder, bool) {
	var c container
	c.Name, c.Config.Env, c.Config.Cmd, c.Args, c.Config.Labels = spec.Name, spec.TaskTemplate.ContainerSpec.Env, spec.TaskTemplate.ContainerSpec.Command, spec.TaskTemplate.ContainerSpec.Args, spec.Labels
	h, ok := e.examine(c, nil)
	h.Kind, h.Engine, h.Project, h.Service, h.Fix, h.Restart = where.KindService, "docker", "", "", "", nil
	return h, ok
}

// serviceFix returns how to give a service the stored key in each variable with an old value. docker reads
// a variable named without a value from its own environment.
func serviceFix(h where.Holder) string {
	name := shellquote.Word(h.Name)
	var set, add string
	for _, part := range h.Where {
		if strings.Contains(part, " ") || len(h.Keys) > 1 {
			return "with the stored key in " + strings.Join(h.Where, ", ") + ": docker service update " + name
		}
		if part != h.Keys[0] {
			set += part + `="$` + h.Keys[0] + `" `
		}
		add += "--env-add " + part + " "
	}
	if set == "" {
		return "ragenv -- docker service update " + add + name
	}
	return "ragenv -- sh -c " + shellquote.Word(set+"docker service update "+add+name)
}

// goneError is the engine's 404.
type goneError struct{}

func (goneError) Error() string { return "not there" }

func isGone(err error) bool { _, gone := err.(goneError); return gone } //nolint:errorlint // it is never wrapped

// open sends a request to the engine. It does not repeat the engine's error texts, which may quote
// anything.
func (e engine) open(ctx context.Context, path string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := e.http.Do(request)
	if err != nil {
		return nil, errUnreachable
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxInspect)) // so that the connection can be reused
	_ = response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, goneError{}
	}
	return nil, fmt.Errorf("the engine answers with HTTP status %d", response.StatusCode)
}

func (e engine) get(ctx context.Context, path string, limit int64, into any) error {
	body, err := e.open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return errUnreachable
	}
	if int64(len(data)) > limit {
		return fmt.Errorf("larger than %d MiB", limit>>20)
	}
	if json.Unmarshal(data, into) != nil {
		return fmt.Errorf("the engine's answer is not as expected")
	}
	return nil
}
