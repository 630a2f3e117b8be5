package vault

import "strings"

// alphabet is that of BIP 173.
const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// encodeBech32 writes data in the Bech32 form of BIP 173 as age uses it for its secret keys: no limit of length, upper case. The
// prefix is upper case and ASCII. Checking what is read is left to age.
func encodeBech32(prefix string, data []byte) string {
	lower := strings.ToLower(prefix)

	groups := make([]byte, 0, len(data)*8/5+1+6) // of five bits
	var bits, held uint
	for _, b := range data {
		bits, held = bits<<8|uint(b), held+8
		for held >= 5 {
			held -= 5
			groups = append(groups, byte(bits>>held)&31)
		}
		bits &= 1<<held - 1
	}
	if held > 0 {
		groups = append(groups, byte(bits<<(5-held))&31)
	}

	checked := make([]byte, 0, 2*len(lower)+1+len(groups)+6)
	for i := range len(lower) {
		checked = append(checked, lower[i]>>5)
	}
	checked = append(checked, 0)
	for i := range len(lower) {
		checked = append(checked, lower[i]&31)
	}
	checked = append(append(checked, groups...), 0, 0, 0, 0, 0, 0)
	sum := bech32Checksum(checked) ^ 1
	for i := range 6 {
		groups = append(groups, byte(sum>>(5*(5-i)))&31)
	}

	var text strings.Builder
	text.WriteString(lower)
	text.WriteByte('1')
	for _, g := range groups {
		text.WriteByte(alphabet[g])
	}
	return strings.ToUpper(text.String())
}

// bech32Checksum is the remainder of the generator polynomial of BIP 173.
func bech32Checksum(groups []byte) uint32 {
	generator := [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	sum := uint32(1)
	for _, g := range groups {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(g)
		for i, term := range generator {
			if top>>i&1 == 1 {
				sum ^= term
			}
		}
	}
	return sum
}

// decodeBech32 takes the data out of a lower-case text that age has read already, so that its checksum and its alphabet are right. prefix is the length
// of the part before the separator.
func decodeBech32(text string, prefix int) []byte {
	const checksum = 6
	if len(text) < prefix+1+checksum {
		return nil
	}
	groups := text[prefix+1 : len(text)-checksum]
	data := make([]byte, 0, len(groups)*5/8)
	var bits, held uint
	for i := range len(groups) {
		bits, held = bits<<5|uint(strings.IndexByte(alphabet, groups[i])), held+5
		if held >= 8 {
			held -= 8
			data = append(data, byte(bits>>held))
			bits &= 1<<held - 1
		}
	}
	return data
}
