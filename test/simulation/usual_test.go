//go:build !race

package simulation

// usual is how many histories are played where SIMULATE_SEEDS does not say.
const usual = 200
