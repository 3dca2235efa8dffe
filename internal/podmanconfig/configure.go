package podmanconfig

import (
	"errors"
	"path/filepath"
	"slices"
)

// Configure makes Podman ask the helper before whom it asks now; the file that $CONTAINERS_REGISTRIES_CONF names gets a line
// of its own. Where it asks it already nothing is written, and changed is false. The errors are ErrEdited, *NamedError,
// *OverriddenError, *SyntaxError, those of atomicfile and of making the directories; none of them leaves anything changed.
func (p Place) Configure(helper string) (changed bool, err error) {
	dropIns, err := p.plan(helper)
	if err != nil {
		return false, err
	}
	// The line last, and the other drop-in after the first: that one records where they are.
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

// Text is what a file is to hold.
type Text struct{ Path, Text string }

// Preview returns the drop-ins that Configure would write or change. The errors are those of Configure.
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

// plan returns what Configure is to write: the drop-in in ~/.config, and the one that newer programs read if that is another.
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

// planNewer returns the drop-in that newer programs read, which need not be another, and whether they ask the helper without it.
func (p Place) planNewer(helper string) (newer dropIn, asked bool, err error) {
	if newer, err = readDropIn(p.newerPath()); err != nil {
		return newer, false, err
	}
	// When no variable names a file; else that one counts, and has a line of its own.
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

// Unconfigure removes what Configure made, its lines in other files and directories that are empty then included, and returns the
// drop-ins that are gone. The errors are ErrEdited and those of atomicfile.
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
