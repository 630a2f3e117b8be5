package datadir

// EndAfter returns options with which a change of the log's keys ends, as if the power went, when the durable step of this name is done.
func EndAfter(o Options, step string, end error) Options {
	o.after = func(done string) error {
		if done == step {
			return end
		}
		return nil
	}
	return o
}
