package cards

import (
	"strings"
	"testing"
)

// TestTagBudgets: the greatest message holds the greatest address that was measured on each tag.
func TestTagBudgets(t *testing.T) {
	characters := map[string]int{"NTAG213": 131, "NTAG424": 249, "NTAG215": 483, "NTAG216": 859}
	for _, tag := range Tags() {
		message := Message{URIRecord("https://" + strings.Repeat("a", characters[tag.Name]))}
		if message.Size() != tag.Message {
			t.Errorf("%s: %d characters make %d bytes, the tag has %d", tag.Name, characters[tag.Name], message.Size(), tag.Message)
		}
	}
	if len(Tags()) != len(characters) {
		t.Errorf("%d tags", len(Tags()))
	}
}

// TestTagRoom: a fragment of as many bytes as the room says fits, and one more does not.
func TestTagRoom(t *testing.T) {
	for _, base := range []string{testBase, "http://localhost:8080", "https://emergency-cards.hospital.example:8443"} {
		for _, others := range [][]Record{nil, {text(t, "en", "Emergency card: scan or tap")}} {
			for _, tag := range Tags() {
				room := tag.Room(base, others...)
				if room < fragmentHeader {
					continue
				}
				address := Address{Base: base, ID: testID(), Secret: testSecret(), Envelope: make([]byte, room-fragmentHeader)}
				if size := address.Message(others...).Size(); size > tag.Message {
					t.Errorf("%s, %s: %d bytes make a message of %d, the tag has %d", tag.Name, base, room, size, tag.Message)
				}
				address.Envelope = append(address.Envelope, 0)
				if size := address.Message(others...).Size(); size <= tag.Message {
					t.Errorf("%s, %s: there is room for more than %d bytes", tag.Name, base, room)
				}
			}
		}
	}
}

// TestTagRoomFigures are those that were measured on tags, less what the id of a card takes: 23 characters, "/c/ID#" being that much longer than "/c#".
func TestTagRoomFigures(t *testing.T) {
	room := make(map[string]int)
	for _, tag := range Tags() {
		room[tag.Name] = tag.Room("https://ice.example")
	}
	for name, measured := range map[string]int{"NTAG213": 87, "NTAG424": 176, "NTAG215": 351, "NTAG216": 633} {
		if lost := measured - room[name]; lost < 17 || lost > 18 { // 17.25 bytes
			t.Errorf("%s has room for %d bytes, %d without an id", name, room[name], measured)
		}
	}
	if got := (Tag{Name: "tiny", Message: 30}).Room(testBase); got != 0 {
		t.Errorf("a tag too small for any address has room for %d", got)
	}
}
