package summary

import (
	"slices"

	"github.com/locket-health/locket/emergency/section"
)

// readDeviceUse reads a DeviceUseStatement together with the Device that it is about.
func (im *importer) readDeviceUse(r *resource) (Item, bool) {
	item := Item{Section: section.Devices, Status: code(r.get("status")), Date: r.date("timingDateTime", "timingPeriod")}
	reference := r.get("device")
	var c Concept
	deviceNotes := ""
	if device := im.resolve(reference, r); device != nil {
		c = im.concept(device.get("type"), "")
		var models []string
		for _, name := range append(device.get("deviceName").list(), device.get("modelNumber").list()...) {
			if name.kind == textNode {
				models = append(models, name.take())
				continue
			}
			models = append(models, name.get("name").take())
			name.get("type").take()
		}
		if maker := device.get("manufacturer").take(); maker != "" {
			models = append([]string{maker}, models...)
		}
		item.Detail = joined(models...)
		deviceNotes = notes(device.get("note"))
		takeOneOf(device.get("status"), []string{"active"})
	}
	if c.Term == "" && c.Text == "" {
		c.Text = reference.get("display").take()
	}
	takeRepeated(reference.get("display"), c)
	item.set(c)
	item.Section = im.sectionFor(item.Term, section.Devices)
	item.Absent = absent(c)
	item.Note = joined(notes(r.get("note")), deviceNotes)
	im.stated(&item, r, "recordedOn", "source")
	return item, c.Term != "" || c.Text != "" || item.Detail != ""
}

// writeDevice writes the statement and, second, the Device. The Device's address follows from the item's.
func (ex *exporter) writeDevice(item Item) (use, device object) {
	device = object{"resourceType": "Device", "type": ex.concept(item, ""), "patient": ex.subject()}
	if item.Detail != "" {
		device["deviceName"] = []object{{"name": item.Detail, "type": "model-name"}}
	}
	if item.Note != "" {
		device["note"] = []object{{"text": item.Note}}
	}
	use = ex.resource("DeviceUseStatement", item, "subject")
	delete(use, "note") // it stands with the device
	known := []string{"active", "completed", "intended", "stopped", "on-hold"}
	if use["status"] = item.Status; !slices.Contains(known, item.Status) {
		use["status"] = "active"
	}
	if item.Date != "" {
		use["timingDateTime"] = item.Date
	} else {
		use["_timingDateTime"] = unknown()
	}
	use["device"] = object{"reference": deviceURL(item.ID)}
	ex.state(use, item, "recordedOn", "source")
	return use, device
}

// deviceURL is the address of the Device of an item.
func deviceURL(itemID string) string { return "urn:uuid:" + uuidOf(digestID(itemID+"/device")) }
