package podmanconfig

import (
	"errors"
	"path/filepath"
	"slices"
)

// Configure makes Podman ask the helper first. If $CONTAINERS_REGISTRIES_CONF names a file, a line is added
// to that too. If Podman already asks the helper, nothing is written and changed is false. Errors:
// ErrEdited, *NamedError, *OverriddenError, *SyntaxError, and those of atomicfile and of creating
// directories. On an error, all files stay as they were.
func (p Place) Configure(helper string) (changed bool, err error) {
	dropIns, err := p.plan(helper)
	if err != nil {
		return false, err
	}
	// The first drop-in records where the others are, so it comes first. The line comes last.
	for i := range dropIns {
		if err := dropIns[i].write(); err != nil {
			return false, errors.Join(err, restore(dropIns[:i]))
		}
		changed = changed || dropIns[i].text != nil
	}
	added, err := p.addLine(helper)
	if err != nil {
		return false, errors.Join(err, restore(dropIns))
	}
	return changed || added, nil
}

func restore(dropIns []dropIn) error {
	var errs []error
	for i := range dropIns {
		errs = append(errs, dropIns[i].restore())
	}
	return errors.Join(errs...)
}

// Text is the intended content of a file.
type Text struct{ Path, Text string }

// Preview returns the drop-ins that Configure would write or change. Its errors are those of Configure.
func (p Place) Preview(helper string) ([]Text, error) {
	dropIns, err := p.plan(helper)
	var texts []Text
	for _, d := range dropIns {
		if d.text != nil {
			texts = append(texts, Text{d.path, string(d.text)})
		}
	}
	return texts, err
}

// plan returns the drop-ins to write: the one in ~/.config and, if it differs, the one that newer programs
// read.
func (p Place) plan(helper string) ([]dropIn, error) {
	main, err := readDropIn(p.Path())
	if err != nil {
		return nil, err
	}
	helpers, from, err := p.helpers(main.path)
	if err != nil {
		return nil, err
	}
	asked := slices.Contains(helpers, helper)
	if !asked && filepath.Dir(from) == filepath.Dir(main.path) && from > main.path {
		return nil, &OverriddenError{Path: from}
	}
	newer, newerAsked, err := p.planNewer(helper)
	if err != nil {
		return nil, err
	}
	also := alsoIn(main.old)
	record := func(path string) {
		if !slices.Contains(also, path) {
			also = append(also, path)
		}
	}
	if p.Newer != "" && (newer.text != nil || newer.old != nil) {
		record(newer.path)
	}
	switch line, err := p.planLine(helper); {
	case err != nil:
		return nil, err
	case line != nil || p.hasLine():
		record(p.Named)
	}
	if asked && newerAsked && main.old == nil && also == nil {
		return nil, nil
	}
	if !asked {
		helpers = append([]string{helper}, helpers...)
	}
	main.set(helpers, also)
	if p.Newer == "" {
		return []dropIn{main}, nil
	}
	return []dropIn{main, newer}, nil
}

// planNewer returns the drop-in that newer programs read, which may be the same one, and whether they ask
// the helper even without it.
func (p Place) planNewer(helper string) (newer dropIn, asked bool, err error) {
	if newer, err = readDropIn(p.newerPath()); err != nil {
		return newer, false, err
	}
	// Plan for the case that no variable names a file. A named file takes precedence and gets its own line.
	p.Named, p.Last = "", ""
	files, err := p.newerFiles()
	if err != nil {
		return newer, false, err
	}
	helpers, from, err := helpersOf(files, newer.path)
	if err != nil {
		return newer, false, err
	}
	asked = slices.Contains(helpers, helper)
	if !asked {
		if from != files[0] && filepath.Base(from) > fileName {
			return newer, false, &OverriddenError{Path: from, Newer: true}
		}
		helpers = append([]string{helper}, helpers...)
	}
	if !asked || newer.old != nil {
		newer.set(helpers, nil)
	}
	return newer, asked, nil
}

// Unconfigure removes everything that Configure created, including its lines in other files and directories
// that are then empty. It returns the drop-ins it removed. Errors: ErrEdited and those of atomicfile.
func (p Place) Unconfigure() (removed []string, err error) {
	main, err := readDropIn(p.Path())
	if err != nil {
		return nil, err
	}
	files := alsoIn(main.old)
	if p.Newer != "" && !slices.Contains(files, p.newerPath()) { // the record of it may be lost
		files = append(files, p.newerPath())
	}
	for _, file := range files {
		if filepath.Base(file) != fileName {
			if err := removeLine(file); err != nil {
				return nil, err
			}
			continue
		}
		d, err := readDropIn(file)
		if err == nil {
			err = d.remove()
		}
		if err != nil {
			return removed, err
		}
		if d.old != nil {
			removed = append(removed, file)
		}
	}
	if err := main.remove(); err != nil {
		return removed, err
	}
	if main.old != nil {
		removed = append(removed, main.path)
	}
	return removed, nil
}
