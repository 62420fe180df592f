package money

import (
	"fmt"
	"slices"
	"strings"
)

// Currency is a three-letter code of ISO 4217.
type Currency string

// digits holds the currencies of ISO 4217 (list one, funds and metals left
// out) whose minor unit is not a hundredth.
var digits = map[Currency]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
	"UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}

// hundredths lists the currencies of ISO 4217 with two decimals. ANG and BGN,
// withdrawn in 2025 and 2026, stay: books that were kept in them are read on.
const hundredths = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC " +
	"CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES " +
	"KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR " +
	"NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT " +
	"TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"

// ParseCurrency returns the currency of a code, or an error where ISO 4217 has
// no currency in use under it.
func ParseCurrency(code string) (Currency, error) {
	c := Currency(code)
	if _, ok := digits[c]; ok {
		return c, nil
	}
	if len(code) == 3 {
		for i := 0; i < len(hundredths); i += 4 {
			if hundredths[i:i+3] == code {
				return c, nil
			}
		}
	}
	return "", fmt.Errorf("%.20q is not a currency of ISO 4217: write three capitals, such as EUR, GBP or JPY", code)
}

// Currencies lists every currency that ParseCurrency knows, by code.
func Currencies() []Currency {
	var all []Currency
	for c := range digits {
		all = append(all, c)
	}
	for code := range strings.FieldsSeq(hundredths) {
		all = append(all, Currency(code))
	}
	slices.Sort(all)
	return all
}

// Digits returns how many decimals the currency's major unit has: GBP 2, JPY 0, TND 3.
func (c Currency) Digits() int {
	if d, ok := digits[c]; ok {
		return d
	}
	return 2
}
