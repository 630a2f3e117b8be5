package print

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestDamage(t *testing.T) {
	for _, condition := range Conditions() {
		if condition.damage == nil {
			continue
		}
		t.Run(condition.Name, func(t *testing.T) {
			const side = 30.0
			for seed := range uint64(20) {
				once, again := condition.damage(rand.New(rand.NewPCG(seed, 1)), side), condition.damage(rand.New(rand.NewPCG(seed, 1)), side)
				changed := 0
				for y := -side / 2; y <= side/2; y += 0.5 {
					for x := -side / 2; x <= side/2; x += 0.5 {
						for _, was := range []float64{ink, paper} {
							light, same := was, was
							for i := range once {
								light, same = once[i](x, y, 0.1, light), again[i](x, y, 0.1, same)
							}
							if light != same {
								t.Fatalf("the same seed gives %g and %g", light, same)
							}
							if math.IsNaN(light) || light < 0 || light > 3 {
								t.Fatalf("light of %g", light)
							}
							if math.Abs(light-was) > 0.02 {
								changed++
							}
						}
					}
				}
				if changed == 0 {
					t.Errorf("seed %d: nothing is damaged", seed)
				}
			}
		})
	}
}

func TestAShareOfTheCodeIsLost(t *testing.T) {
	for name, damage := range map[string]func(*rand.Rand, float64) []damage{"patch": patch, "drops": drops} {
		t.Run(name, func(t *testing.T) { testLost(t, damage) })
	}
}

func testLost(t *testing.T, damage func(*rand.Rand, float64) []damage) {
	for _, side := range []float64{15, 20, 45} {
		covered, places := 0, 0
		for seed := range uint64(5) {
			lost := damage(rand.New(rand.NewPCG(seed, 1)), side)
			for y := -side / 2; y < side/2; y += 0.1 {
				for x := -side / 2; x < side/2; x += 0.1 {
					const neither = -1.0
					light := neither
					for _, each := range lost {
						light = each(x, y, 0.1, light)
					}
					places++
					if light != neither {
						covered++
					}
				}
			}
		}
		if share := float64(covered) / float64(places); share < 0.045 || share > 0.055 {
			t.Errorf("side %g mm: %.3f of the code is lost, want 0.05", side, share)
		}
	}
}

func TestAllCarriersAreHeldAlike(t *testing.T) {
	for _, condition := range Conditions() {
		small := condition.draw(rand.New(rand.NewPCG(7, stream(condition.Name, 0))), 15)
		large := condition.draw(rand.New(rand.NewPCG(7, stream(condition.Name, 0))), 45)
		for _, s := range []*shot{&small, &large} {
			s.damages = nil
		}
		for _, pair := range [][2]float64{
			{small.turn, large.turn}, {small.tilt, large.tilt}, {small.axis, large.axis}, {small.distance, large.distance}, {small.exposure, large.exposure},
			{small.blur, large.blur}, {small.shake, large.shake}, {small.desk, large.desk}, {float64(small.quality), float64(large.quality)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %g and %g", condition.Name, pair[0], pair[1])
			}
		}
	}
}
