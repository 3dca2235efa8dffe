//go:build !linux

package processes

import (
	"context"

	"github.com/ragenv/ragenv/internal/where"
)

func (o Options) others(context.Context) where.Report {
	return where.Report{Unread: []where.Unread{{What: "running processes", Reason: "only Linux shows their environment"}}}
}
