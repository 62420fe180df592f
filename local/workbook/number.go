package workbook

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// significant is how many digits of a number Excel keeps and shows. A program
// that writes a workbook may write all 17 of a double: 0.1 + 0.2 is then
// 0.30000000000000004, and what stood on the screen was 0.3.
const significant = 15

// decimal reads a number as it stands in a workbook (xsd:double) and writes it
// without an exponent. More than 15 significant digits are rounded to 15, half
// to even, by its digits: no float is made of it. Zeros at the end are kept out.
func decimal(s string) (string, bool) {
	mantissa, exponent := strings.TrimSpace(s), 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		v, err := strconv.ParseInt(mantissa[i+1:], 10, 16)
		if err != nil || v < -400 || v > 400 {
			return "", false
		}
		mantissa, exponent = mantissa[:i], int(v)
	}
	sign := ""
	switch {
	case strings.HasPrefix(mantissa, "-"):
		sign, mantissa = "-", mantissa[1:]
	case strings.HasPrefix(mantissa, "+"):
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" || len(digits) > 400 || strings.Trim(digits, "0123456789") != "" {
		return "", false
	}
	// The number is 0.digits × 10^point.
	point := len(whole) + exponent
	for digits != "" && digits[0] == '0' {
		digits = digits[1:]
		point--
	}
	digits, point = round(digits, point)
	if digits == "" {
		return "0", true
	}
	switch {
	case point <= 0:
		return sign + "0." + strings.Repeat("0", -point) + digits, true
	case point >= len(digits):
		return sign + digits + strings.Repeat("0", point-len(digits)), true
	}
	return sign + digits[:point] + "." + digits[point:], true
}

// round keeps the significant digits and takes zeros from the end.
func round(digits string, point int) (string, int) {
	if len(digits) > significant {
		kept, rest := []byte(digits[:significant]), digits[significant:]
		tail := strings.TrimRight(rest[1:], "0") != ""
		if up := rest[0] > '5' || rest[0] == '5' && (tail || kept[significant-1]%2 == 1); up {
			i := significant - 1
			for ; i >= 0 && kept[i] == '9'; i-- {
				kept[i] = '0'
			}
			if i < 0 {
				kept, point = append([]byte{'1'}, kept...), point+1
			} else {
				kept[i]++
			}
		}
		digits = string(kept)
	}
	return strings.TrimRight(digits, "0"), point
}

// day reads a serial as a day, with its time of day where it has one, rounded
// to the second (ECMA-376 Part 1, 18.17.4.1). In the calendar that begins in 1900 there is a
// 29 February 1900, as the serial 60, which never was.
func (b *Book) day(serial string) (string, bool) {
	whole, fraction, _ := strings.Cut(serial, ".")
	days, err := strconv.Atoi(whole)
	if err != nil || days < 0 || days > 2_958_465 || strings.HasPrefix(serial, "-") {
		return "", false
	}
	seconds := 0
	if fraction != "" {
		const places = 9 // a second is some 0.0000116 of a day
		fraction = (fraction + strings.Repeat("0", places))[:places]
		v, err := strconv.ParseInt(fraction, 10, 64)
		if err != nil {
			return "", false
		}
		seconds = int((v*86_400 + 500_000_000) / 1_000_000_000)
	}
	first := time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC)
	if !b.from1904 {
		if days == 60 || days == 0 {
			return "", false
		}
		first = time.Date(1899, time.December, 31, 0, 0, 0, 0, time.UTC)
		if days > 60 {
			days--
		}
	}
	at := first.AddDate(0, 0, days).Add(time.Duration(seconds) * time.Second)
	if at.Year() > 9999 {
		return "", false
	}
	if seconds == 0 {
		return at.Format(time.DateOnly), true
	}
	return fmt.Sprintf("%s %s", at.Format(time.DateOnly), at.Format(time.TimeOnly)), true
}
