package main

func carry(text string) string {
	return "x" + text
}
