package print

import "testing"

func TestGrid(t *testing.T) {
	for _, test := range []struct {
		name    string
		list    func(string) ([]Carrier, error)
		least   int
		version int // the greatest
	}{
		{"grid", Grid, 15, 24},
		{"small", Small, 4, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			once, err := test.list(house)
			if err != nil {
				t.Fatal(err)
			}
			again, err := test.list(house)
			if err != nil {
				t.Fatal(err)
			}
			if len(once) < test.least {
				t.Errorf("%d designs", len(once))
			}
			greatest := 0
			for i, c := range once {
				if c.Text != again[i].Text {
					t.Errorf("%s: its text is another one the second time", c.Name)
				}
				greatest = max(greatest, c.Matrix.Version)
			}
			if greatest != test.version {
				t.Errorf("versions up to %d, want %d", greatest, test.version)
			}
		})
	}
}
