//! [`Cloud`] on AWS: each question and each write goes to its family.

use super::error::port;
use super::{Aws, grants, iam, kms, s3};
use crate::model::document::Document;
use crate::model::fact::{Fact, Why};
use crate::model::request::{Read, ReadOp, Request, RequestOp};
use crate::model::resource::Identity;
use crate::ports::{Answer, Cloud, Kind, PortError};

/// Asks who we are.
pub(super) async fn identity(sts: aws_sdk_sts::Client) -> Result<Identity, PortError> {
    let answer = sts.get_caller_identity().send().await.map_err(|error| port("GetCallerIdentity", error))?;
    match (answer.account(), answer.arn()) {
        (Some(account), Some(arn)) => Ok(Identity { account: account.to_owned(), arn: arn.to_owned() }),
        _ => Err(not_understood("the answer names no account or no ARN".to_owned())),
    }
}

fn not_understood(message: String) -> PortError {
    PortError { what: "GetCallerIdentity".to_owned(), kind: Kind::NotUnderstood, message, maybe_done: false }
}

impl Cloud for Aws {
    fn identity(&self) -> Answer<'_, Result<Identity, PortError>> {
        Box::pin(async move {
            let asked = self.identity.lock().ok().and_then(|mut asked| asked.take());
            match asked {
                Some(asked) => asked.await.unwrap_or_else(|error| Err(not_understood(error.to_string()))),
                None => identity(self.sts.clone()).await,
            }
        })
    }

    fn sent(&self) -> usize {
        self.sent.so_far()
    }

    fn read<'a>(&'a self, read: &'a Read) -> Answer<'a, Fact<Document>> {
        Box::pin(async move {
            let answer = match read.op {
                ReadOp::RoleTrust => iam::trust(self.iam(read.target.name()), read.target.name()).await,
                ReadOp::RolePermissions => iam::permissions(self.iam(read.target.name()), read.target.name()).await,
                ReadOp::RoleAttached => iam::attached(self.iam(read.target.name()), read.target.name()).await,
                ReadOp::Key => kms::key(&self.kms(read.target.name()), read.target.name()).await,
                ReadOp::RolesBelow => iam::below(self.iam(read.target.name()), read.target.name()).await,
                ReadOp::RoleProfiles => iam::profiles(self.iam(read.target.name()), read.target.name()).await,
                ReadOp::OidcProvider => iam::provider(self.iam_of_provider(read.target.name()), &self.provider_arn(read.target.name())).await,
                ReadOp::RoleGrants => grants::read(self.iam(read.target.name()), read.target.name()).await,
                ReadOp::RoleInline => iam::other_inline(self.iam(read.target.name()), read.target.name()).await,
                _ => s3::read(self.bucket(read.target.name()), read.op, read.target.name()).await,
            };
            match answer {
                Ok(fact) => fact,
                Err(error) if error.kind == Kind::Missing => Fact::Absent,
                // A HEAD is refused without a word: what is missing is said here.
                Err(error) if error.kind == Kind::Refused && error.message.ends_with("without a reason") => Fact::Unknown(Why::Refused(format!(
                    "{}: HTTP 403; the bucket is another account's, or this identity may not {}",
                    error.what,
                    read.op.action()
                ))),
                Err(error) => Fact::Unknown(error.why()),
            }
        })
    }

    fn send<'a>(&'a self, request: &'a Request) -> Answer<'a, Result<(), PortError>> {
        Box::pin(async move {
            if let RequestOp::CreateProvider | RequestOp::AddAudiences = request.op {
                return iam::send_provider(self.iam_of_provider(request.target.name()), &self.provider_arn(request.target.name()), request).await;
            }
            if request.op.is_of_a_role() {
                return iam::send(self.iam(request.target.name()), request).await;
            }
            s3::send(self.bucket(request.target.name()), request).await
        })
    }
}
