//go:build race

package simulation

// usual is fewer under the race detector, which takes fifteen times as long.
const usual = 40
