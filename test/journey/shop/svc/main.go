package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"os/exec"
)

var db *sql.DB

func orders(w http.ResponseWriter, r *http.Request) {
	rows, err := db.Query(fmt.Sprintf("SELECT id FROM orders WHERE name = '%s'", r.URL.Query().Get("name"))) // PLANT[CWE-89]
	if err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	defer rows.Close()
}

func archive(w http.ResponseWriter, r *http.Request) {
	if err := exec.Command("sh", "-c", "tar cf out.tar "+r.FormValue("dir")).Run(); err != nil { // PLANT[CWE-78]
		http.Error(w, "no", http.StatusInternalServerError)
	}
}

func main() {
	http.HandleFunc("/orders", orders)
	http.HandleFunc("/archive", archive)
}
