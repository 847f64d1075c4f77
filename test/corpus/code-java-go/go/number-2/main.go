package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var db *sql.DB

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.Header.Get("X-Name")
	number, err := strconv.Atoi(param)
	if err != nil {
		return
	}
	bar := strconv.Itoa(number)
	fmt.Fprintf(w, "<b>%s</b>", bar)
}
