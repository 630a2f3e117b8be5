package audit_test

import (
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// The tree as RFC 6962 section 2.1 words it, from all leaf hashes each time: slow, and independent of what is tested.

func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func rootOf(leaves []tlog.Hash) tlog.Hash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		k := split(n)
		left, right := rootOf(leaves[:k]), rootOf(leaves[k:])
		return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
}

func pathOf(m int, leaves []tlog.Hash) []tlog.Hash {
	n := len(leaves)
	if n <= 1 {
		return nil
	}
	if k := split(n); m < k {
		return append(pathOf(m, leaves[:k]), rootOf(leaves[k:]))
	} else {
		return append(pathOf(m-k, leaves[k:]), rootOf(leaves[:k]))
	}
}

func consistencyOf(m int, leaves []tlog.Hash, whole bool) []tlog.Hash {
	n := len(leaves)
	if m == n {
		if whole {
			return nil
		}
		return []tlog.Hash{rootOf(leaves)}
	}
	if k := split(n); m <= k {
		return append(consistencyOf(m, leaves[:k], whole), rootOf(leaves[k:]))
	} else {
		return append(consistencyOf(m-k, leaves[k:], false), rootOf(leaves[:k]))
	}
}

// included verifies an inclusion proof by the loop of RFC 9162 section 2.1.3.2.
func included(leaf tlog.Hash, index, size int64, root tlog.Hash, hashes []tlog.Hash) bool {
	if index < 0 || index >= size {
		return false
	}
	fn, sn, r := index, size-1, leaf
	for _, p := range hashes {
		if sn == 0 {
			return false
		}
		if fn&1 == 1 || fn == sn {
			r = tlog.NodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = tlog.NodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	return sn == 0 && r == root
}

// The leaves and roots that the Certificate Transparency implementations test themselves on.
func TestOracleAgreesWithCertificateTransparency(t *testing.T) {
	var leaves []tlog.Hash
	for _, data := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		b, err := hex.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, sha256.Sum256(append([]byte{0}, b...)))
	}
	for _, c := range []struct {
		size int
		root string
	}{
		{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
		{8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
	} {
		root := rootOf(leaves[:c.size])
		if got := hex.EncodeToString(root[:]); got != c.root {
			t.Errorf("root of %d leaves = %s, want %s", c.size, got, c.root)
		}
	}
}
