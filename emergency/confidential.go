package emergency

import (
	"context"
	"slices"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/emergency/section"
	"github.com/locket-health/locket/emergency/summary"
)

// What a patient keeps from guardians, and what of openings is said to them. In an emergency responders get what the rules give all the same. A SMART Health Link gives none of it, whoever made
// it: a guardian who has link and passcode would read it there.

// ConfidentialChoices are the sections that a patient can keep from guardians: all but who they are.
const ConfidentialChoices = (section.OrdinarySet | section.SensitiveSet | section.FloorSet) &^ (1 << section.Identity)

// hides is what a keeper does not see of a record. It is nothing, but for a guardian.
type hides struct {
	sections section.Set // what the patient keeps to themselves
	floor    bool        // the floor is the patient's alone, once they keep the record
}

func (h hides) any() bool { return h.sections != 0 || h.floor }

// item reports whether an item is hidden.
func (h hides) item(item summary.Item) bool {
	return h.sections.Has(item.Section) || h.floor && onFloor(item)
}

// rest is a record without what is hidden.
func (h hides) rest(record summary.Record) summary.Record {
	if h.any() {
		record.Items = slices.DeleteFunc(slices.Clone(record.Items), h.item)
	}
	return record
}

// front reports whether something of a front is hidden.
func (h hides) front(front summary.Front) bool {
	return slices.ContainsFunc(front.Items, func(item summary.FrontItem) bool { return h.sections.Has(item.Section) })
}

// openings are the types of entries that name what was released behind the glass.
var openings = []audit.Type{audit.GlassOpened, audit.GlassReopened}

// entry is an entry as whoever does not see all of a record reads it. Of an opening it says who, when and why, and not what was released: beside the rules
// that would tell what is kept from them. It is the same for every opening, whatever is hidden. The entry then stands without its content, and its proof is that
// of its leaf; the log itself holds the truth.
func (h hides) entry(p audit.Proved) (shown audit.Proved, withheld bool) {
	if !h.any() || p.Raw == nil || !slices.Contains(openings, p.Entry.Type) {
		return p, false
	}
	p.Salt, p.Raw = audit.Salt{}, nil
	p.Payload.Sections, p.Payload.Items = nil, 0
	return p, true
}

// source is where an export of the log takes its entries from, as whoever does not see all of a record reads them.
func (h hides) source(whole logSource) logSource {
	return func(ctx context.Context, shot *audit.Snapshot, types []audit.Type, visit func(audit.Proved) error) error {
		return whole(ctx, shot, types, func(p audit.Proved) error {
			p, _ = h.entry(p)
			return visit(p)
		})
	}
}

// grant is an opening as whoever does not see all of a record reads it.
func (h hides) grant(view GrantView) GrantView {
	if h.any() {
		view.Sections, view.Withheld = 0, true
	}
	return view
}

// hiddenFrom says what the caller does not see of the record of a patient whom they keep.
func (s *Service) hiddenFrom(r Reader, c Caller, patient Patient) (hides, error) {
	if c.Operator {
		return hides{}, nil // nobody keeps the record
	}
	me, err := r.Keeper(c.Account, patient.ID)
	if err != nil || me.Role != KeeperGuardian {
		return hides{}, err
	}
	guarded, err := s.guarded(r, c, patient.ID)
	return hides{sections: patient.Confidential, floor: guarded}, err
}

// hidden is hiddenFrom for a patient by id.
func (s *Service) hidden(ctx context.Context, c Caller, id PatientID) (h hides, err error) {
	err = s.Store.View(ctx, func(r Reader) error {
		patient, err := s.keptIn(r, c, id)
		if err != nil {
			return err
		}
		h, err = s.hiddenFrom(r, c, patient)
		return err
	})
	return h, err
}

// around puts a record that its keeper has changed back around what that keeper does not see. Nothing hidden is lost or changed by it, and what the keeper has
// put where they see nothing is there, once.
func (o owned) around(changed summary.Record) summary.Record {
	if !o.hides.any() {
		return changed
	}
	if o.hides.floor { // how old the patient is says who decides
		changed.Identity.Birth = o.whole.Identity.Birth
	}
	left := make(map[string]summary.Item, len(changed.Items))
	for _, item := range changed.Items {
		left[item.ID] = item
	}
	out := changed
	out.Items = nil
	hidden := map[string]bool{}
	for _, item := range o.whole.Items {
		if o.hides.item(item) {
			hidden[item.ID] = true
			out.Items = append(out.Items, item)
		} else if now, stays := left[item.ID]; stays && !o.hides.item(now) {
			out.Items = append(out.Items, now)
		}
	}
	var added []summary.Item
	for _, item := range changed.Items {
		_, before := o.shown.Item(item.ID)
		switch {
		case o.hides.item(item), hidden[item.ID]:
			added = append(added, item)
		case !before:
			out.Items = append(out.Items, item)
		}
	}
	return summary.Merge(out, summary.Record{Items: added})
}

// Confidential is what a patient keeps from guardians, for the patient alone: to everybody else there is no such thing.
func (s *Service) Confidential(ctx context.Context, c Caller, id PatientID) (section.Set, error) {
	var set section.Set
	err := s.Store.View(ctx, func(r Reader) error {
		patient, err := s.ownPatient(r, c, id)
		set = patient.Confidential
		return err
	})
	return set, err
}

// SetConfidential says what a patient keeps from guardians. It needs a fresh passkey, and its entry says that it was changed and not what: guardians read the
// log too.
func (s *Service) SetConfidential(ctx context.Context, c Caller, id PatientID, set section.Set) error {
	if set&^ConfidentialChoices != 0 {
		return ErrInvalid.with("field", "section")
	}
	return s.Store.Update(ctx, func(tx Tx) error {
		patient, err := s.ownPatient(tx, c, id)
		if err != nil {
			return err
		}
		if !c.fresh(s.now()) {
			return ErrFreshPasskey
		}
		patient.Confidential = set
		tx.Append(s.event(c, audit.Confidential, string(id)))
		return tx.PutPatient(patient)
	})
}

// ownPatient reads the patient who the caller is.
func (s *Service) ownPatient(r Reader, c Caller, id PatientID) (Patient, error) {
	patient, err := s.keptIn(r, c, id)
	if err != nil {
		return Patient{}, err
	}
	if c.Operator {
		return Patient{}, ErrNotFound
	}
	me, err := r.Keeper(c.Account, id)
	if err != nil {
		return Patient{}, err
	}
	if me.Role != KeeperSelf {
		return Patient{}, ErrNotFound
	}
	return patient, nil
}
