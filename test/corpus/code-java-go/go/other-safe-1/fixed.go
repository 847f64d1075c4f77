package main

func fixed(text string) string {
	if len(text) > 3 {
		return "long"
	}
	return "short"
}
