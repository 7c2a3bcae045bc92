//! A bucket that takes every question and never answers one.

use std::collections::BTreeMap;
use std::future::pending;

use crate::ports::{Answer, Head, ObjectInfo, Objects, PortError, Tagged, Upload, VersionInfo};

pub(super) struct Silent;

impl Objects for Silent {
    fn list<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Vec<ObjectInfo>, PortError>> {
        Box::pin(pending())
    }
    fn folders<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Vec<String>, PortError>> {
        Box::pin(pending())
    }
    fn get<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        Box::pin(pending())
    }
    fn get_version<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        Box::pin(pending())
    }
    fn get_tagged<'a>(&'a self, _: &'a str, _: &'a str, _: u64) -> Answer<'a, Result<Tagged, PortError>> {
        Box::pin(pending())
    }
    fn get_range<'a>(&'a self, _: &'a str, _: &'a str, _: u64, _: u64) -> Answer<'a, Result<Vec<u8>, PortError>> {
        Box::pin(pending())
    }
    fn create<'a>(&'a self, _: &'a str, _: &'a str, _: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
    fn replace<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str, _: Vec<u8>) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
    fn begin<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<String, PortError>> {
        Box::pin(pending())
    }
    fn part<'a>(&'a self, _: &'a Upload, _: i32, _: bytes::Bytes) -> Answer<'a, Result<String, PortError>> {
        Box::pin(pending())
    }
    fn complete<'a>(&'a self, _: &'a Upload, _: &'a [String]) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
    fn abort<'a>(&'a self, _: &'a Upload) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
    fn tags<'a>(&'a self, _: &'a str, _: &'a str, _: Option<&'a str>) -> Answer<'a, Result<BTreeMap<String, String>, PortError>> {
        Box::pin(pending())
    }
    fn put_tags<'a>(&'a self, _: &'a str, _: &'a str, _: Option<&'a str>, _: &'a BTreeMap<String, String>) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
    fn versions<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Vec<VersionInfo>, PortError>> {
        Box::pin(pending())
    }
    fn remove_marker<'a>(&'a self, _: &'a str, _: &'a str, _: &'a str) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
    fn expiry<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Option<String>, PortError>> {
        Box::pin(pending())
    }
    fn head<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, Result<Head, PortError>> {
        Box::pin(pending())
    }
    fn legal_hold<'a>(&'a self, _: &'a str, _: &'a str, _: bool) -> Answer<'a, Result<(), PortError>> {
        Box::pin(pending())
    }
}
