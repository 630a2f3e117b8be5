// Package print measures whether a printed code survives what happens to cards: distance, a shaking hand, glare, scratches, stains, a wrist.
//
// A carrier is printed in whole dots with the spread of the ink, with its surroundings; damaged; and taken by a pinhole camera with the figures of a
// telephone. Foreign decoders then read the picture. What is random is drawn from a fixed seed, and alike for all carriers, so that two designs are
// compared under the same scratches and not under luckier ones. The score of a carrier is the mean over the conditions, each weighing the same, of the
// share of pictures that at least one foreign decoder reads.
//
// The score compares designs and nothing else: single pictures, simulated damage. A telephone looks at many pictures a second.
package print
