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

type Box struct {
	Text string
	Name string
}

func handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	param := string(body)
	box := Box{Text: param, Name: "x"}
	bar := box.Name
	rows, err := db.Query("SELECT * FROM t WHERE a = '" + bar + "'")
	use(rows, err)
}
