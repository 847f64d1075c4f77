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
}

func (b *Box) Get() string {
	return b.Text
}

func handle(w http.ResponseWriter, r *http.Request) {
	param := r.Header.Get("X-Name")
	box := &Box{Text: param}
	bar := box.Get()
	response, err := http.Get("http://" + bar)
	use(response, err)
}
