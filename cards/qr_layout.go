package cards

import (
	"math/bits"
	"sync"

	"rsc.io/qr/coding"
)

// Bits of a bitmap: a row takes three words, which is room for the 177 modules of the widest code and the light beside it.
const (
	rowWords = 3
	rowBits  = 64 * rowWords
)

// bitmap holds modules as bits, dark ones set: column x of row y is bit y*rowBits+x.
type bitmap []uint64

func newBitmap(rows int) bitmap { return make(bitmap, rows*rowWords) }

func (b bitmap) at(x, y int) bool { return b[y*rowWords+x/64]>>(x%64)&1 != 0 }

func (b bitmap) set(bit int) { b[bit/64] |= 1 << (bit % 64) }

// row is the row y, which is light outside the bitmap.
func (b bitmap) row(y int) moduleRow {
	if i := y * rowWords; i >= 0 && i < len(b) {
		return moduleRow{b[i], b[i+1], b[i+2]}
	}
	return moduleRow{}
}

// moduleRow is a row of a bitmap, to compute with all its modules at once.
type moduleRow struct{ a, b, c uint64 }

// ahead is the row whose column x is column x+n of r, and behind the one whose column x is x-n of r. Light comes in.
func (r moduleRow) ahead(n int) moduleRow {
	return moduleRow{r.a>>n | r.b<<(64-n), r.b>>n | r.c<<(64-n), r.c >> n}
}

func (r moduleRow) behind(n int) moduleRow {
	return moduleRow{r.a << n, r.b<<n | r.a>>(64-n), r.c<<n | r.b>>(64-n)}
}

func (r moduleRow) and(o moduleRow) moduleRow { return moduleRow{r.a & o.a, r.b & o.b, r.c & o.c} }
func (r moduleRow) andNot(o moduleRow) moduleRow {
	return moduleRow{r.a &^ o.a, r.b &^ o.b, r.c &^ o.c}
}
func (r moduleRow) or(o moduleRow) moduleRow  { return moduleRow{r.a | o.a, r.b | o.b, r.c | o.c} }
func (r moduleRow) xor(o moduleRow) moduleRow { return moduleRow{r.a ^ o.a, r.b ^ o.b, r.c ^ o.c} }

// same has the columns in which r and o are alike.
func (r moduleRow) same(o moduleRow) moduleRow {
	return moduleRow{^(r.a ^ o.a), ^(r.b ^ o.b), ^(r.c ^ o.c)}
}

func (r moduleRow) count() int {
	return bits.OnesCount64(r.a) + bits.OnesCount64(r.b) + bits.OnesCount64(r.c)
}

// firstColumns is the row whose first n columns are dark.
func firstColumns(n int) moduleRow {
	all := newBitmap(1)
	for x := range n {
		all.set(x)
	}
	return all.row(0)
}

// qrLayout is where everything stands in codes of one version and level.
type qrLayout struct {
	modules int
	// bits are the places in a bitmap of the bits of data and check words, in the order of coding.Bits.
	bits []uint16
	// masks are the eight codes of no data: patterns, format and version, and the mask where data will stand.
	masks [8]bitmap
}

// qrLayouts are the tables of the standard, by version and level, each worked out when it is first needed (in milliseconds,
// to three kilobytes for version 1 and ninety for version 40).
var qrLayouts = func() (table [coding.MaxVersion + 1][LevelH + 1]func() *qrLayout) {
	for version := range table {
		for level := range table[version] {
			table[version][level] = sync.OnceValue(func() *qrLayout {
				return newQRLayout(coding.Version(version), coding.Level(level))
			})
		}
	}
	return table
}()

func newQRLayout(version coding.Version, level coding.Level) *qrLayout {
	l := new(qrLayout)
	for mask := range l.masks {
		plan := must(coding.NewPlan(version, level, coding.Mask(mask)))
		l.modules = len(plan.Pixel)
		l.bits = make([]uint16, 8*(plan.DataBytes+plan.CheckBytes))
		l.masks[mask] = newBitmap(l.modules)
		for y, row := range plan.Pixel {
			for x, pixel := range row {
				place := y*rowBits + x
				if pixel&coding.Black != 0 {
					l.masks[mask].set(place)
				}
				if role := pixel.Role(); role == coding.Data || role == coding.Check {
					l.bits[pixel.Offset()] = uint16(place)
				}
			}
		}
	}
	return l
}

// place is the bitmap of the data and check words alone.
func (l *qrLayout) place(words []byte) bitmap {
	data := newBitmap(l.modules)
	for i, place := range l.bits {
		data[place/64] |= uint64(words[i/8]>>(7-i%8)&1) << (place % 64)
	}
	return data
}

// best is the finished code of the data: that of the mask with the least penalty.
func (l *qrLayout) best(data bitmap) bitmap {
	best, try := newBitmap(l.modules), newBitmap(l.modules)
	least := -1
	for _, mask := range l.masks {
		for i := range try {
			try[i] = data[i] ^ mask[i]
		}
		if p := maskPenalty(try, l.modules); least < 0 || p < least {
			least = p
			best, try = try, best
		}
	}
	return best
}
