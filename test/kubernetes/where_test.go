package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// holder is one element of ragenv where --json.
type holder struct {
	State, Kind, Name, Project, Status, Fix string
	Keys, Where                             []string
}

func (h holder) id() string { return h.Kind + " " + h.Project + "/" + h.Name }

// where runs ragenv where --kubernetes and returns the holders in the namespaces.
func (p person) where(namespaces ...string) (found []holder, report string) {
	p.t.Helper()
	stdout, stderr, err := p.run("ragenv", "where", "--kubernetes", "--json")
	var decoded struct {
		Holders []holder
		Unread  []struct{ What, Reason string }
	}
	if json.Unmarshal([]byte(stdout), &decoded) != nil {
		p.t.Fatalf("where: %v\n%s", err, stderr)
	}
	old := false
	for _, h := range decoded.Holders {
		old = old || h.State == "old"
		if slices.Contains(namespaces, h.Project) {
			found = append(found, h)
		}
	}
	if old != (err != nil) {
		p.t.Errorf("exit status: %v, old values: %t", err, old)
	}
	return found, stdout
}

// states returns the state of each holder by its name, for comparison.
func states(found []holder) map[string]string {
	all := map[string]string{}
	for _, h := range found {
		all[h.id()] = h.State
	}
	return all
}

// paste runs a line in a shell, as the user would.
func (p person) paste(line string, env ...string) {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = p.dir
	cmd.Env = append(append([]string{"HOME=" + p.dir}, p.env...), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Errorf("$ %s\n%v\n%s", line, err, out)
	} else {
		p.t.Logf("$ %s\n%s", line, out)
	}
}

func (p person) rotate(key string) {
	p.t.Helper()
	p.must(key+"\n", "ragenv", "rotate", "NGC_API_KEY", "--offline")
}

const whereWorkloads = `{"apiVersion":"v1","kind":"List","items":[
{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default"}},
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"server"},"spec":{"selector":{"matchLabels":{"app":"server"}},"template":{"metadata":{"labels":{"app":"server"}},"spec":%[1]s}}},
{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"db"},"spec":{"serviceName":"db","selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db"}},"spec":%[2]s}}}]}`

const wherePods = `{"apiVersion":"v1","kind":"List","items":[
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"server-5d4f-x","labels":{"app":"server","pod-template-hash":"5d4f"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"server-5d4f","uid":"1","controller":true}]},"spec":%[1]s},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"db-0","labels":{"app":"db"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"StatefulSet","name":"db","uid":"2","controller":true}]},"spec":%[2]s},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"debug"},"spec":{"containers":[{"name":"debug","image":"i","envFrom":[{"secretRef":{"name":"mine"}}]}]}},
{"apiVersion":"v1","kind":"Pod","metadata":{"name":"notes"},"spec":{"containers":[{"name":"notes","image":"i","env":[{"name":"N","valueFrom":{"secretKeyRef":{"name":"mine","key":"note"}}}]}]}}]}`

// TestWhere checks that after a rotation, ragenv where --kubernetes lists the Secrets with the old key and
// the pods that use it, in every namespace. Each printed command must do its job and change nothing else.
func TestWhere(t *testing.T) {
	c := newCluster(t, "where-rag")
	other := newCluster(t, "where-other")
	p := newPerson(t, "", clusterEnv()...)
	former, key := newKey(), newKey()
	p.store("NGC_API_KEY", former)
	c.kubectl(p.must("", "ragenv", "export", "--format", "kubernetes", "--namespace", c.namespace), "apply", "--server-side", "-f", "-")
	// Client-side apply leaves a copy of the key in an annotation. This Secret also has unrelated data.
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	c.kubectl(fmt.Sprintf(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"mine"},"data":{"token":%q,"copy":%q,"note":%q}}`, encoded(former), encoded(former+"\n"), encoded("other")), "apply", "--namespace", c.namespace, "-f", "-")
	other.kubectl("", "create", "secret", "docker-registry", "regcred", "--namespace", other.namespace, "--docker-server=nvcr.io", "--docker-username=$oauthtoken", "--docker-password="+former)
	other.kubectl("", "create", "secret", "generic", "unrelated", "--namespace", other.namespace, "--from-literal=token="+newKey())
	byReference := `{"containers":[{"name":"server","image":"i","env":[{"name":"NVIDIA_API_KEY","valueFrom":{"secretKeyRef":{"name":"ngc-api","key":"NVIDIA_API_KEY"}}}]}]}`
	byValue := fmt.Sprintf(`{"containers":[{"name":"db","image":"i","env":[{"name":"NVIDIA_API_KEY","value":%q}]}]}`, former)
	c.kubectl(fmt.Sprintf(whereWorkloads, byReference, byValue), "create", "--namespace", c.namespace, "-f", "-")
	c.kubectl(fmt.Sprintf(wherePods, byReference, byValue), "create", "--namespace", c.namespace, "-f", "-")
	hourAgo, inAnHour := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for _, name := range []string{"server-5d4f-x", "db-0", "debug", "notes"} {
		c.runs(name, inAnHour) // the Secrets were written just now
	}
	all := map[string]string{
		"kubernetes-secret where-rag/ngc-secret": "", "kubernetes-secret where-rag/ngc-api": "", "kubernetes-secret where-rag/mine": "", "kubernetes-secret where-other/regcred": "",
		"pod where-rag/server-5d4f-x": "", "pod where-rag/db-0": "", "pod where-rag/debug": "",
	}
	check := func(what string, want map[string]string, everything string) []holder {
		t.Helper()
		expected := map[string]string{}
		for id := range all {
			expected[id] = everything
			if state, ok := want[id]; ok {
				expected[id] = state
			}
		}
		found, _ := p.where(c.namespace, other.namespace)
		if got := states(found); fmt.Sprint(got) != fmt.Sprint(expected) {
			t.Errorf("%s:\n%v, want\n%v", what, got, expected)
		}
		return found
	}
	check("before the rotation", nil, "current")
	p.rotate(key)
	found := check("after it", nil, "old")
	stdout, _, _ := p.run("ragenv", "where", "NGC_API_KEY", "--kubernetes")
	t.Logf("$ ragenv where NGC_API_KEY --kubernetes\n%s", stdout)
	untouched := other.kubectl("", "get", "secret", "unrelated", "--namespace", other.namespace, "--output=jsonpath={.metadata.resourceVersion}")

	// The Secrets first. The pods still use the old values.
	for _, name := range []string{"server-5d4f-x", "debug", "notes"} {
		c.runs(name, hourAgo)
	}
	for _, h := range found {
		if h.Kind == "kubernetes-secret" {
			p.paste(h.Fix)
		}
	}
	found = check("with new Secrets", map[string]string{"pod where-rag/server-5d4f-x": "old", "pod where-rag/db-0": "old", "pod where-rag/debug": "old"}, "current")
	mine := c.secret("mine")
	if string(mine.Data["token"]) != key || string(mine.Data["copy"]) != key || string(mine.Data["note"]) != "other" {
		t.Error("the Secret has another value than the stored one, or its other data is lost")
	}
	if _, kept := mine.Annotations[corev1.LastAppliedConfigAnnotation]; kept {
		t.Error("the annotation with the old key is still there")
	}
	if got := string(other.secret("regcred").Data[corev1.DockerConfigJsonKey]); !strings.Contains(got, key) || !strings.Contains(got, "$oauthtoken") {
		t.Error("the login has not the stored key")
	}
	if now := other.kubectl("", "get", "secret", "unrelated", "--namespace", other.namespace, "--output=jsonpath={.metadata.resourceVersion}"); now != untouched {
		t.Error("an unrelated Secret was written")
	}

	// A restarted container has the new value, although the pod is as old as before.
	c.restarted("server-5d4f-x", "server", hourAgo, inAnHour)
	check("after a restart of the container", map[string]string{"pod where-rag/db-0": "old", "pod where-rag/debug": "old"}, "current")
	c.runs("server-5d4f-x", hourAgo)

	uid := c.kubectl("", "get", "pod", "debug", "--namespace", c.namespace, "--output=jsonpath={.metadata.uid}")
	for _, h := range found {
		if h.Kind == "pod" && h.State == "old" {
			p.paste(h.Fix)
		}
	}
	if got := c.kubectl("", "get", "deployment", "server", "--namespace", c.namespace, "--output=jsonpath={.spec.template.metadata.annotations}"); !strings.Contains(got, "kubectl.kubernetes.io/restartedAt") {
		t.Errorf("the deployment was not restarted: %s", got)
	}
	if got := c.kubectl("", "get", "statefulset", "db", "--namespace", c.namespace, "--output=jsonpath={.spec.template.spec.containers[0].env[0].value}"); got != key {
		t.Error("the template has not the stored key")
	}
	if now := c.kubectl("", "get", "pod", "debug", "--namespace", c.namespace, "--output=jsonpath={.metadata.uid}"); now == uid {
		t.Error("the pod was not created again")
	}
	// What controllers would do; this cluster has none.
	c.kubectl("", "delete", "pod", "server-5d4f-x", "db-0", "--namespace", c.namespace)
	template := c.kubectl("", "get", "statefulset", "db", "--namespace", c.namespace, "--output=jsonpath={.spec.template.spec}")
	var list struct {
		APIVersion, Kind string
		Items            []any
	}
	if err := json.Unmarshal([]byte(fmt.Sprintf(wherePods, byReference, template)), &list); err != nil {
		t.Fatal(err)
	}
	list.Items = list.Items[:2]
	again, _ := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": list.Items})
	c.kubectl(string(again), "create", "--namespace", c.namespace, "-f", "-")
	for _, name := range []string{"server-5d4f-x", "db-0", "debug"} {
		c.runs(name, inAnHour)
	}
	check("in the end", nil, "current")
}

// runs sets the status of a pod, as a kubelet would.
func (c cluster) runs(pod string, since time.Time) { c.t.Helper(); c.restarted(pod, "", since, since) }

func (c cluster) restarted(pod, container string, started, running time.Time) {
	c.t.Helper()
	status := map[string]any{"phase": "Running", "startTime": started.UTC().Format(time.RFC3339), "containerStatuses": []any{}}
	if container != "" {
		status["containerStatuses"] = []any{map[string]any{"name": container, "image": "i", "imageID": "", "ready": true, "restartCount": 1,
			"state": map[string]any{"running": map[string]any{"startedAt": running.UTC().Format(time.RFC3339)}}}}
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		c.t.Fatal(err)
	}
	c.kubectl("", "patch", "pod", pod, "--namespace", c.namespace, "--subresource=status", "--type=merge", "--patch", string(patch))
}

// TestWhereOfOneNamespace checks a user who may not read all namespaces: the readable ones are searched,
// and the report says so.
func TestWhereOfOneNamespace(t *testing.T) {
	mine, theirs := newCluster(t, "where-mine"), newCluster(t, "where-theirs")
	p := newPerson(t, "", clusterEnv()...)
	key := newKey()
	p.store("NGC_API_KEY", key)
	for _, c := range []cluster{mine, theirs} {
		c.kubectl(p.must("", "ragenv", "export", "--format", "kubernetes", "--namespace", c.namespace), "apply", "--server-side", "-f", "-")
	}
	mine.kubectl("", "create", "serviceaccount", "dev", "--namespace", mine.namespace)
	mine.kubectl("", "create", "role", "reader", "--namespace", mine.namespace, "--verb=get,list", "--resource=secrets,pods")
	mine.kubectl("", "create", "rolebinding", "reader", "--namespace", mine.namespace, "--role=reader", "--serviceaccount="+mine.namespace+":dev")
	token := strings.TrimSpace(mine.kubectl("", "create", "token", "dev", "--namespace", mine.namespace))
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string
				Authority string `json:"certificate-authority"`
			}
		}
	}
	if err := json.Unmarshal([]byte(mine.kubectl("", "config", "view", "--output=json")), &config); err != nil {
		t.Fatal(err)
	}
	kubeconfig := filepath.Join(p.dir, "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: dev, clusters: [{name: c, cluster: {server: %q, certificate-authority: %q}}],
users: [{name: dev, user: {token: %q}}], contexts: [{name: other, context: {cluster: c, user: dev, namespace: %q}}, {name: dev, context: {cluster: c, user: dev}}]}`,
		config.Clusters[0].Cluster.Server, config.Clusters[0].Cluster.Authority, token, mine.namespace)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "KUBECONFIG="+kubeconfig)
	want := map[string]string{"kubernetes-secret where-mine/ngc-secret": "current", "kubernetes-secret where-mine/ngc-api": "current"}
	check := func(report string) {
		t.Helper()
		found, text := p.where(mine.namespace, theirs.namespace)
		if got := states(found); fmt.Sprint(got) != fmt.Sprint(want) || !strings.Contains(text, report) || !strings.Contains(text, "Kubernetes secrets in where-mine") {
			t.Errorf("%v, want %v and %q", got, want, report)
		}
	}
	check("Kubernetes secrets of other namespaces") // the namespaces named by the contexts are searched
	mine.kubectl("", "create", "clusterrole", "where-lists", "--verb=list", "--resource=namespaces")
	mine.kubectl("", "create", "clusterrolebinding", "where-lists", "--clusterrole=where-lists", "--serviceaccount="+mine.namespace+":dev")
	check("this user may not list them")

	p.env = append(p.env, "KUBECONFIG=/dev/null")
	if _, text := p.where(); !strings.Contains(text, "kubectl get secrets fails") {
		t.Error("no server is not named")
	}
}

// TestWhereHelm checks an install with the key in its values. Its release records contain the key; the
// printed commands remove it there, and keep the chart's Secrets and the other values.
func TestWhereHelm(t *testing.T) {
	clusterOrSkip(t)
	chart, err := filepath.Abs("testdata/chart")
	if err != nil {
		t.Fatal(err)
	}
	for name, helm := range helms(t) {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, "where-"+name)
			p := newPerson(t, helm, clusterEnv()...)
			p.env[0] = "PATH=" + bin + ":" + filepath.Dir(helm) + ":" + os.Getenv("PATH")
			former, key := newKey(), newKey()
			p.store("NGC_API_KEY", former)
			install := []string{"upgrade", "--install", "rag", chart, "--namespace", c.namespace, "--set", "imagePullSecret.password=" + former, "--set", "ngcApiSecret.password=" + former, "--set", "mine.a\\.b=kept"}
			p.ok(helm, install...)
			p.ok(helm, install...) // the second install supersedes revision 1
			p.rotate(key)
			found, _ := p.where(c.namespace)
			old := "old"
			want := map[string]string{}
			for _, id := range []string{"kubernetes-secret %s/ngc-secret", "kubernetes-secret %s/ngc-api", "helm-release %s/rag revision 1", "helm-release %s/rag revision 2"} {
				want[fmt.Sprintf(id, c.namespace)] = old
			}
			if got := states(found); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, want %v", got, want)
			}
			for _, h := range found {
				p.paste(h.Fix, "CHART="+chart)
			}
			found, _ = p.where(c.namespace)
			want = map[string]string{"kubernetes-secret " + c.namespace + "/ngc-secret": "current", "kubernetes-secret " + c.namespace + "/ngc-api": "current"}
			if got := states(found); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("in the end %v, want %v", got, want)
			}
			if string(c.secret("ngc-api").Data["NVIDIA_API_KEY"]) != key || !strings.Contains(string(c.secret("ngc-secret").Data[corev1.DockerConfigJsonKey]), key) {
				t.Error("the chart's Secrets have not the stored key")
			}
			c.noKeyInReleases(former)
			c.noKeyInReleases(key)
			if got := p.ok(helm, "get", "values", "rag", "--namespace", c.namespace); !strings.Contains(got, "kept") {
				t.Error("another value of the release is lost")
			}
		})
	}
}
