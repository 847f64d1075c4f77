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
	param := r.FormValue("name")
	bar := carry(param)
	rows, err := db.Query("SELECT * FROM t WHERE a = '" + bar + "'")
	use(rows, err)
}
