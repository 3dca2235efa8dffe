package result

import "testing"

func TestMedianAndQuantile(t *testing.T) {
	for _, test := range []struct {
		samples     Samples
		median, p90 float64
	}{
		{nil, 0, 0},
		{Samples{7}, 7, 7},
		{Samples{3, 1}, 2, 3},
		{Samples{9, 1, 5}, 5, 9},
		{Samples{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 5.5, 9},
		{Samples{1, 1, 1, 1, 1, 1, 1, 1, 1, 1000}, 1, 1},
	} {
		before := append(Samples{}, test.samples...)
		if got := test.samples.Median(); got != test.median {
			t.Errorf("the median of %v is %v, want %v", test.samples, got, test.median)
		}
		if got := test.samples.Quantile(0.9); got != test.p90 {
			t.Errorf("the p90 of %v is %v, want %v", test.samples, got, test.p90)
		}
		for i := range before {
			if before[i] != test.samples[i] {
				t.Fatal("the samples changed their order")
			}
		}
	}
}

func TestRatio(t *testing.T) {
	r := &Run{Subjects: []Subject{
		{ID: "get", Of: After, Wall: Samples{300, 300, 900}},
		{ID: Hello, Of: Base, Wall: Samples{200, 1000, 100}},
	}}
	if got := r.Ratio(r.Find(After, "get")); got != 1.5 {
		t.Errorf("the ratio is %v, want 1.5", got)
	}
	if r.Find(Before, "get") != nil {
		t.Error("found what was not measured")
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := t.TempDir() + "/run.json"
	want := &Run{After: "v1", Subjects: []Subject{{ID: "get", Wall: Samples{1, 2}}}}
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil || got.After != "v1" || got.Subjects[0].Wall.Median() != 1.5 {
		t.Errorf("read %+v, %v", got, err)
	}
}
