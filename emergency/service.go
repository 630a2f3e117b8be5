package emergency

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/locket-health/locket/audit"
	"github.com/locket-health/locket/cards"
	"github.com/locket-health/locket/cards/shc"
	"github.com/locket-health/locket/emergency/passkey"
	"github.com/locket-health/locket/emergency/terms"
	"github.com/locket-health/locket/emergency/vault"
)

// Config is what a Service is made of. Every field without a stated default is needed; New refuses to do without it.
type Config struct {
	Store     Store
	Log       *audit.Log      // a nil log is refused: no log, no data
	Gone      GoneList        // of what a restored backup must not bring back; nil is none
	Data      *vault.DataKey  // seals names, notices and the payloads of the log; lives outside the database
	Identity  *vault.Identity // opens records for those who keep them; lives outside the database
	Passkeys  *passkey.RelyingParty
	Signer    *cards.Signer // signs fronts and lists
	Health    *shc.Issuer   // signs SMART Health Cards, with the same key
	IssuerKey crypto.Signer // that key, for SMART Health Links
	Catalogue *terms.Catalogue
	URL       string // where cards point to: scheme and host, "https://locket.example"

	CardLife   time.Duration // how long a card is valid; default 3 years
	ReviewDays int           // in which an organization has to answer a patient who says that an opening was not right; default 14
	// HandoverAge is how old, in years, a child is when the record is theirs to decide about: guardians are told, and change no rules any more of a patient who
	// keeps the record too. Default 16; a negative one is from the beginning.
	HandoverAge int
	Ways        []string         // by which notices go out: WayMail, WayPhone; default none, and they wait
	Now         func() time.Time // default time.Now
	Rand        io.Reader        // default crypto/rand
	Logger      *slog.Logger     // default slog.Default
}

// Service is the domain's one face: everything that people do with Locket is a method of it.
type Service struct {
	Config
	codes    *vault.Gate
	overhead int // bytes of a card beside its summary
	policies policyCache
	seen     seen
	welcome  []PatientID // kept by every new account; empty but in a demonstration
	entries  entryCounts
	later    later
	lists    lists
	unusual  unusual
	watchers watchers
	unlisted unlisted

	deleted  atomic.Int64 // how often something was, of which the files of the store may still hold the words
	scrubbed atomic.Int64 // how many of these they hold no more
}

// codeGate is how many short codes may be worked on at the same moment: argon2id costs 19 MiB and tens of milliseconds each.
const codeGate = 2

// New checks the configuration and returns the service.
func New(config Config) (*Service, error) {
	missing := map[string]bool{
		"store": config.Store == nil, "log": config.Log == nil, "data key": config.Data == nil, "identity": config.Identity == nil,
		"passkeys": config.Passkeys == nil, "signer": config.Signer == nil, "health card issuer": config.Health == nil, "issuer key": config.IssuerKey == nil, "catalogue": config.Catalogue == nil,
	}
	for name, is := range missing {
		if is {
			return nil, fmt.Errorf("emergency: the service cannot run without its %s", name)
		}
	}
	if base, err := url.Parse(config.URL); err != nil || base.Host == "" || base.Path != "" {
		return nil, errors.New("emergency: the address of the service must be scheme and host, such as https://locket.example")
	}
	if config.CardLife == 0 {
		config.CardLife = 3 * 365 * 24 * time.Hour
	}
	if config.ReviewDays == 0 {
		config.ReviewDays = 14
	}
	if config.HandoverAge == 0 {
		config.HandoverAge = 16
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	beside, err := overhead(config.Signer)
	if err != nil {
		return nil, err
	}
	s := &Service{Config: config, codes: vault.NewGate(codeGate), overhead: beside, seen: seen{reading: config.Now()}}
	s.Store = waking{config.Store, &s.watchers, s.list}
	s.deleted.Store(1) // the house may have stopped before it was scrubbed
	if last, err := config.Log.Checkpoint(context.Background()); err == nil {
		s.seen.latest = last.At
	}
	return s, nil
}

// newToken draws a secret for its bearer and the hash that is stored.
func (s *Service) newToken() (string, Token, error) {
	var raw [32]byte
	if _, err := io.ReadFull(s.Rand, raw[:]); err != nil {
		return "", Token{}, err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), sha256.Sum256(raw[:]), nil
}

// hashToken hashes a bearer's secret as newToken did. What is not such a secret hashes to nothing that is stored.
func hashToken(secret string) Token {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(raw) != 32 {
		return Token{}
	}
	return sha256.Sum256(raw)
}

// seal and open bind what is sealed to its place in the store, so that no row can be passed off as another.
func (s *Service) seal(table, column, row string, plaintext []byte) ([]byte, error) {
	return s.Data.Seal(vault.AAD{Table: table, Column: column, Row: row}, plaintext)
}

func (s *Service) unseal(table, column, row string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	return s.Data.Open(vault.AAD{Table: table, Column: column, Row: row}, sealed)
}
