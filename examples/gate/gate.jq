# Reasons why a plan must not be applied before a person has looked at it, one a line; none means that it may.
#   jq -r --arg free SETTING,SETTING -f gate.jq plan.json
# Fields: schema/plan.schema.json.

def steps: .groups[].steps[];
def setting: .id | split("@")[0];
def one_line: gsub("[[:cntrl:]]"; " ");

if .format != "lifeboat.plan/1" then
  "this gate reads lifeboat.plan/1, and not \(.format)"
else
  # 0. What apply sends is what is approved, and nothing else is judged here: each of it must be told.
  ([steps | .id] as $told | .approved[]? | select(.id as $id | $told | any(. == $id) | not) | "approved, and not told: \(.id)"),
  # 1. No restore point may go.
  (steps | .title as $title | .effects[] | select(.points > 0)
    | "restore points of \(.policy) would go: \(.points), the first on \(.first) (\($title))"),
  # 2. Nothing may be held, unread or waiting.
  (steps | select(.kind == "held" or .kind == "unknown" or .kind == "waits") | "\(.kind): \(.title): \(.hold.sentence)"),
  # 3. A weakening step that was released is not waved through.
  (steps | select(.allowed != null) | "released: \(.title): \(.allowed)"),
  # 4. Of the rest, only some settings may change without a person.
  (steps | select(.kind == "add" or .kind == "change") | setting as $setting
    | select($free | split(",") | any(. == $setting) | not) | "\(.kind): \(.title)")
end | one_line
