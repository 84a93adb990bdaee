#!/usr/bin/env bash
# Packages the functions, builds the page and applies the Terraform.
#
#   scripts/deploy.sh [--arch arm64|x86_64] [--skip-package] [terraform options…]
#
# The settings come from infrastructure/terraform.tfvars (see terraform.tfvars.example) or from options, for example:
#
#   scripts/deploy.sh -var alert_email=oncall@example.com -var create_target_instance=true
#   scripts/deploy.sh -auto-approve
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
infrastructure="$root/infrastructure"

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$root/scripts/deploy.sh"
}

arch=
package=yes
options=()
while [ $# -gt 0 ]; do
    case "$1" in
        --arch) arch=${2:?--arch needs arm64 or x86_64}; shift 2 ;;
        --skip-package) package=no; shift ;;
        -h | --help) usage; exit 0 ;;
        *) options+=("$1"); shift ;;
    esac
done

# --- Everything that is missing, at once ------------------------------------------------------------------------------

missing=0
lacks() {
    echo "missing: $*" >&2
    missing=1
}

command -v terraform >/dev/null ||
    lacks "terraform 1.9 or newer. https://developer.hashicorp.com/terraform/install"

if [ "$package" = yes ]; then
    command -v cargo >/dev/null || lacks "cargo. Install Rust with rustup: https://rustup.rs"
    command -v python3 >/dev/null || lacks "python3, which zips the packages and installs cargo-lambda"
    command -v npm >/dev/null || lacks "Node 20 or newer with npm, which builds the web page. https://nodejs.org"
fi

# Terraform takes credentials from any of these, or from the role of the EC2 instance that it runs on.
if [ -z "${AWS_ACCESS_KEY_ID:-}${AWS_PROFILE:-}${AWS_ROLE_ARN:-}${AWS_WEB_IDENTITY_TOKEN_FILE:-}${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI:-}${AWS_CONTAINER_CREDENTIALS_FULL_URI:-}" ] &&
    [ ! -f "${AWS_SHARED_CREDENTIALS_FILE:-$HOME/.aws/credentials}" ] && [ ! -f "${AWS_CONFIG_FILE:-$HOME/.aws/config}" ] &&
    ! grep -qs "Amazon EC2" /sys/class/dmi/id/sys_vendor; then
    lacks "AWS credentials. Run: aws configure sso, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
fi

settings=("$infrastructure"/terraform.tfvars "$infrastructure"/terraform.tfvars.json)
has_alert_email() {
    [ -n "${TF_VAR_alert_email:-}" ] && return
    grep -qsE '^ *"?alert_email"? *[=:]' "${settings[@]}" "$infrastructure"/*.auto.tfvars && return
    [[ " ${options[*]:-} " =~ [[:space:]]-{1,2}var(-file)?[[:space:]=] ]] # Terraform says more about these than a script could
}
has_alert_email ||
    lacks "alert_email, the address that receives the alerts. Copy infrastructure/terraform.tfvars.example to terraform.tfvars, or add: -var alert_email=you@example.com"

[ "$missing" -eq 0 ] || exit 1

# --- Package, init, apply ---------------------------------------------------------------------------------------------

# The packages must fit the functions: one architecture for both.
if [ -z "$arch" ]; then
    arch=$({ cat "${settings[@]}" 2>/dev/null || true; } | sed -nE 's/^ *"?architecture"? *[=:] *"(arm64|x86_64)".*/\1/p' | head -n 1)
    arch=${arch:-${TF_VAR_architecture:-arm64}}
fi

if [ "$package" = yes ]; then
    "$root/scripts/package.sh" --arch "$arch"
    "$root/scripts/page.sh"
fi

terraform -chdir="$infrastructure" init -input=false
terraform -chdir="$infrastructure" apply -var "architecture=$arch" ${options[@]+"${options[@]}"}
