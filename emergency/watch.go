package emergency

import "sync"

// watchers are the pages that wait for something to change: a request, a grant, the outbox. A wake-up says that it may have changed; whoever is woken looks.
type watchers struct {
	mu   sync.Mutex
	open map[string]map[chan struct{}]bool
}

// watch returns a channel that is sent to after each wake of one of the keys, and what ends that.
func (w *watchers) watch(keys ...string) (<-chan struct{}, func()) {
	woken := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open == nil {
		w.open = make(map[string]map[chan struct{}]bool)
	}
	for _, key := range keys {
		if w.open[key] == nil {
			w.open[key] = make(map[chan struct{}]bool)
		}
		w.open[key][woken] = true
	}
	return woken, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, key := range keys {
			delete(w.open[key], woken)
			if len(w.open[key]) == 0 {
				delete(w.open, key)
			}
		}
	}
}

// wake tells whoever watches one of the keys that it may have changed. It waits for nobody.
func (w *watchers) wake(keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		for woken := range w.open[key] {
			select {
			case woken <- struct{}{}:
			default: // it has not looked at the last wake-up yet
			}
		}
	}
}
